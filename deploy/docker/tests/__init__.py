"""Tests of the containers' descriptions."""
