"""Rotation of data keys and the re-encryption that follows."""
