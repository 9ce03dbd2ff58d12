"""Work that a deal leads across services."""
