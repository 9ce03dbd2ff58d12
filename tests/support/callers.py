"""Principals as the gateway makes them."""

from typing import Any
from uuid import uuid4

from libs.api.principal import Principal

WIDGET_SCOPES = ("products:read", "customers:write", "deals:write", "agent:negotiate")
"""What every publishable key carries (RULES R64)."""


def new_key(**changes: Any) -> Principal:
    """A secret key with every scope, in a workspace of its own."""
    tenant = f"us_tenant_{uuid4().hex[:12]}"
    return Principal(**{"kind": "key", "id": "key_seller", "tenant_id": tenant, "scopes": ("*",)} | changes)


def as_widget() -> dict[str, Any]:
    """What makes a key publishable."""
    return {"kind": "publishable", "id": "key_widget", "scopes": WIDGET_SCOPES}


def as_session(user_id: str = "user_zoe") -> dict[str, Any]:
    """What makes a caller somebody at the dashboard."""
    return {"kind": "session", "id": user_id, "user_id": user_id, "scopes": ("*",)}


def as_agent(level: int) -> dict[str, Any]:
    """What makes a key an agent's."""
    return {"id": f"key_agent_{level}", "trust_level": level}
