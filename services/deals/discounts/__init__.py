"""What is taken off a deal."""
