"""What Stripe reports by itself."""
