"""The life of a deal: its statuses, the ways between them, and its payment terms."""
