"""Tests of the outbound guard, against servers on loopback."""
