"""Tests of operations, calls and their description."""
