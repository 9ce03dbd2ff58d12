"""The gateway's own operations, declared like those of the services and served in this process without a database."""
