"""What was asked of Stripe and may still be without an answer."""
