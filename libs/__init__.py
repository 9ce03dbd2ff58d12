"""What every service shares, and nothing that only one of them needs."""
