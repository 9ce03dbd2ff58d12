"""What a service is made of, and what runs it: context, pipeline, host, clients of other services."""
