"""The resources, a module each: to add one, write its module and name it in `endpoints.py`."""
