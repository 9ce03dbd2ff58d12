"""Tests of what runs a service."""
