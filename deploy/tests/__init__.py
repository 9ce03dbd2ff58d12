"""Tests of the ways to run the system."""
