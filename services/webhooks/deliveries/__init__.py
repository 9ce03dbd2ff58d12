"""Deliveries: one event for one endpoint, its attempts, dead letters, retries and replays (sections 5 to 7)."""
