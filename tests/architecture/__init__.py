"""The rules of structure, read from the code itself."""
