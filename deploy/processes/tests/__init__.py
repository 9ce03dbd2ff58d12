"""Tests of the server processes."""
