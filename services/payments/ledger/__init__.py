"""The books: every payment and refund once, and the sums of each deal."""
