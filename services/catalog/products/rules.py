"""Decisions about products."""

from collections.abc import Mapping
from typing import Any

from libs.errors.types import Conflict, InvalidFields, NotFound

REQUIRED = ("name", "price", "type", "status", "requires_booking", "price_type", "pricing_model", "track_inventory")
REQUIRED_ON_CHANGE = (*REQUIRED, "max_advance_days", "min_advance_hours", "allow_staff_selection")
PUBLIC_STATUSES = ("active",)
"""What a browser's key sees."""


class ProductInUse(Conflict):
    """A line item of an active deal refers to the product."""

    code = "conflict.product_in_use"
    message = "The product is part of an active deal and cannot be deleted."


class DuplicateSku(Conflict):
    """Another product of the workspace has the SKU."""

    code = "conflict.duplicate_sku"
    message = "Another product has this SKU."


def check_family(family_id: str | None) -> None:
    """A product joins no family that does not exist (A40)."""
    if family_id is not None:
        raise NotFound("Product family not found")


def check_billing_cycle(price_type: str, billing_cycle: str | None) -> None:
    """A recurring product has a billing cycle."""
    if price_type == "recurring" and billing_cycle is None:
        raise InvalidFields.of("billing_cycle", "billing_cycle is required when price_type is recurring", "required")


def check_cleared(changes: Mapping[str, Any]) -> None:
    """A field that every product has cannot be cleared (R121)."""
    broken = {name for name in REQUIRED_ON_CHANGE if name in changes and changes[name] is None}
    if broken:
        raise InvalidFields(
            details={
                "fields": {name: {"code": "required", "message": "Field cannot be null"} for name in sorted(broken)}
            }
        )
