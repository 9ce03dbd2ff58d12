"""Tests of the federation service."""
