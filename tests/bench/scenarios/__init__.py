"""What is measured, one module for each kind of measurement; `table.py` names them all."""
