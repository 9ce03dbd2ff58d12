"""Tests of the bus: the same cases over both transports, and what each has of its own."""
