"""Tests that cross services: end to end, contract, faults, load."""
