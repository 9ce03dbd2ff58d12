"""The audit trail of a deal."""
