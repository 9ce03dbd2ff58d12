"""What holds for every operation, from the declarations alone: a new operation is tested by existing."""
