"""Tests of the pages beside the API."""
