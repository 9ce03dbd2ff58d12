"""Workspaces, which the rest of the system calls tenants."""
