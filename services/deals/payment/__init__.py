"""What deals know of their payments."""
