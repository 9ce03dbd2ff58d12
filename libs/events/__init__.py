"""The catalogue of events: names, families and example payloads."""
