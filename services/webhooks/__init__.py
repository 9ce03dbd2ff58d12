"""The webhooks context: endpoints, the event log, deliveries, and the view of background jobs."""
