"""Tests of the deal arithmetic."""
