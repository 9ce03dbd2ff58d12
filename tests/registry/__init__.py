"""What holds for every operation, tested once over all of them."""
