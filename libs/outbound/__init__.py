"""The one guard for requests to addresses that users give: webhooks, federation, site analysis."""
