"""Rate limits: which tiers apply to a request, counting it in Redis, and the headers that tell the caller (RULES 7)."""
