"""The playground: a sandbox of one's own for two hours, without an account."""
