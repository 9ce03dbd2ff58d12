"""What an agent's trust level allows (RULES R176)."""
