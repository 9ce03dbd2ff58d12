"""Keys and what they protect: the master key, tenants' data keys, encrypted fields, blind indexes, signatures."""
