"""The scope table (RULES section 5) and what follows from it."""

from collections.abc import Collection

SCOPES = frozenset(
    """
    * *:read
    deals:read deals:write deals:sign customers:read customers:write products:read products:write
    contracts:read contracts:write webhooks:read webhooks:write
    agent:* agent:discover agent:negotiate agent:execute
    intelligence:read intelligence:write billing:read billing:write trust:read trust:write
    staff:read staff:write team:read team:write bookings:read bookings:write queue:read queue:write
    audit:export audit:read sandbox:read sandbox:write sites:read sites:write
    delegations:read delegations:write activity:read activity:write search:read
    admin:read admin:write admin
    """.split()
)
PUBLISHABLE_SCOPES = ("products:read", "customers:write", "deals:write", "agent:negotiate")
"""What every publishable key carries, and nothing else (R64)."""

AUDIT_EXPORT = "audit:export"
MIXED_EXPORT = "audit:export should live in a key of its own, without write access."


def unknown_scopes(scopes: Collection[str]) -> list[str]:
    """The strings that are no scope of the table (R80)."""
    return sorted(set(scopes) - SCOPES)


def warning_about(scopes: Collection[str]) -> str | None:
    """What to tell the owner of a key with these scopes: that exports and writes are mixed (R81)."""
    writes = any(scope == "*" or scope.endswith(":write") for scope in scopes)
    return MIXED_EXPORT if writes and AUDIT_EXPORT in scopes else None
