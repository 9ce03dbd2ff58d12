"""What the payments service knows of a deal."""
