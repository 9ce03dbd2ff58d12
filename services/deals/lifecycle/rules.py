"""Decisions about a deal as a whole."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from libs.api.principal import Principal
from libs.errors.types import InsufficientScope, InvalidFields, NotFound, OutOfRange
from libs.money.amounts import round_to
from services.deals.deal.aggregate import Change, Deal
from services.deals.lifecycle.models import NewDeal

REQUIRED = ("title", "currency", "deal_type", "metadata")
PUBLIC_TARGETS = ("in_progress", "cancelled")
HIDDEN_FROM_PUBLIC = ("notes", "deposit_required", "metadata")


class DepositOutOfRange(OutOfRange):
    """The deposit is finer than the currency's minor unit."""


def check_new(new: NewDeal) -> None:
    """A deal is not made from a template that does not exist, nor offered without line items."""
    if new.template_id is not None:
        raise NotFound("Deal template not found")
    if new.status == "in_progress":
        raise InvalidFields.of("status", "A deal starts in_progress only from a template that brings line items")


def title_for(new: NewDeal, company: str | None) -> str:
    """The given title, else one made from the customer without personal data (RULES C20)."""
    return new.title or f"Deal for {company or new.customer_id}"[:255]


def check_changes(deal: Deal, sent: Mapping[str, Any]) -> None:
    """What a change must leave: required fields stay, a recurring deal has a cycle."""
    broken = [name for name in REQUIRED if name in sent and sent[name] is None]
    if broken:
        fields = {name: {"code": "required", "message": "Field cannot be null"} for name in broken}
        raise InvalidFields(details={"fields": fields})
    kind, cycle = sent.get("deal_type", deal.deal_type), sent.get("billing_cycle", deal.billing_cycle)
    if kind == "recurring" and cycle is None:
        raise InvalidFields.of("billing_cycle", "billing_cycle is required when deal_type is recurring", "required")


def apply_changes(deal: Deal, sent: Mapping[str, Any], at: Any) -> None:
    """Set the sent fields, recompute the totals and note the change."""
    before = deal.total
    for name, value in sent.items():
        setattr(deal, name, value)
    deal.deposit_required = deposit_in(deal.deposit_required, deal.currency)
    deal.reprice()
    if deal.total != before:
        deal.balance_changed()
    deal.changed(Change("deal.updated"), at)
    deal.tell_updated(sorted(sent), at)


def deposit_in(amount: Decimal | None, currency: str) -> Decimal | None:
    """A deposit in whole minor units of the currency."""
    if amount is not None and round_to(amount, currency) != amount:
        raise DepositOutOfRange.of("deposit_required", f"Input should be whole minor units of {currency}")
    return amount


def check_target(principal: Principal, target: str) -> None:
    """A browser's key only starts or calls off a deal (deals.transition)."""
    if principal.kind == "publishable" and target not in PUBLIC_TARGETS:
        message = f"A publishable key moves a deal to {' or '.join(PUBLIC_TARGETS)} only."
        raise InsufficientScope(message, details={"required_scopes": ["deals:write"]})
