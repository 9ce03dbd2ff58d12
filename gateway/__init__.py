"""The public door: credentials, cross-origin rules, rate limits and the way to the services."""
