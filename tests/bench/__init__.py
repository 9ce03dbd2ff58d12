"""The benchmark: how fast the system is beside a bare server that does the same SQL, on the same machine."""
