"""Work that a payment leads across services."""
