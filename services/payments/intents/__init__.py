"""Payment intents: one attempt to collect one amount."""
