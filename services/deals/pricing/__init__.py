"""What a deal costs: lines, deal discounts, tax and deposit, computed exactly and without I/O."""
