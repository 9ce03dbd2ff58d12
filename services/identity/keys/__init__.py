"""API keys: what programs authenticate with."""
