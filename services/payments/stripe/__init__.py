"""The way to Stripe: our values in, our values out."""
