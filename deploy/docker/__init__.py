"""Ways to run the system as containers."""
