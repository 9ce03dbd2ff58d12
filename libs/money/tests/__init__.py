"""Tests of the money arithmetic."""
