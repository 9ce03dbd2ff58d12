"""The platform's mechanisms, tested with two small services of their own."""
