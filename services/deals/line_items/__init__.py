"""What is sold in a deal."""
