"""The customers context: who buys, with personal data encrypted at rest."""
