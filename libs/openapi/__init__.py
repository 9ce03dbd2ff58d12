"""The OpenAPI document, made from what the services tell of their operations."""
