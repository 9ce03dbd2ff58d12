"""The audit trail: entries chained by SHA-256, sealed against whoever can write to the database (RULES R156)."""
