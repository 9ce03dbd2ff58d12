"""What callers see of a deal."""

from typing import Any

from pydantic import Field

from libs.api.fields import Output
from libs.api.paging import Pagination
from libs.api.principal import Principal
from libs.clock import iso
from libs.money.amounts import price_string
from libs.money.formats import money_object
from libs.money.tax import tax_rate_string
from services.deals.deal.aggregate import Deal
from services.deals.deal.items import DealDiscount, LineItem, Signature


class MoneyView(Output):
    """An amount with its display form."""

    amount: str
    currency: str
    formatted: str


class PricingView(Output):
    """The computed amounts of a deal."""

    currency: str
    tax_rate: str
    subtotal: MoneyView
    discount_total: MoneyView
    tax_amount: MoneyView
    total: MoneyView


class LineItemView(Output):
    """A line; amounts are decimal strings, `discount` is percentage points."""

    id: str
    item_id: str
    deal_id: str
    product_id: str
    name: str
    description: str | None
    quantity: int
    unit_price: str
    discount: str
    line_total: str
    price_type: str
    billing_cycle: str | None
    configuration: dict[str, Any] | None
    acceptance: str | None

    @classmethod
    def of(cls, line: LineItem, deal: Deal) -> "LineItemView":
        return cls(
            id=line.id,
            item_id=line.id,
            deal_id=deal.id,
            product_id=line.product_id,
            name=line.name,
            description=line.description,
            quantity=line.quantity,
            unit_price=price_string(line.unit_price, deal.currency),
            discount=f"{line.discount:.2f}",
            line_total=deal.money(line.line_total),
            price_type=line.price_type,
            billing_cycle=line.billing_cycle,
            configuration=None if line.configuration is None else dict(line.configuration),
            acceptance=line.acceptance,
        )


class DiscountView(Output):
    """A discount as it was added, and what it takes off now."""

    discount_id: str
    type: str
    value: str
    code: str | None
    description: str | None
    amount: str

    @classmethod
    def of(cls, discount: DealDiscount, deal: Deal) -> "DiscountView":
        return cls(
            discount_id=discount.id,
            type=discount.type,
            value=f"{discount.value:f}",
            code=discount.code,
            description=discount.description,
            amount=deal.money(discount.amount),
        )


class SignatureView(Output):
    """A signature as the certificate shows it."""

    signature_id: str
    signer_type: str
    signer_id: str
    signature_method: str = "click-to-sign"
    signature_algorithm: str = "ed25519"
    signature_hash: str
    signed_at: str
    is_agent_signer: bool

    @classmethod
    def of(cls, signature: Signature) -> "SignatureView":
        return cls(
            signature_id=signature.id,
            signer_type=signature.signer_type,
            signer_id=signature.signer_id,
            signature_hash=signature.deal_hash,
            signed_at=signature.signed_at,
            is_agent_signer=signature.signer_type == "agent",
        )


class DealView(Output):
    """A deal; amounts are decimal strings in its currency."""

    id: str
    deal_id: str
    tenant_id: str
    customer_id: str | None
    title: str
    description: str | None
    status: str
    deal_type: str
    billing_cycle: str | None
    currency: str
    presentation_currency: str | None
    settlement_currency: str | None
    tax_rate: str
    subtotal: str
    discount_total: str
    tax_amount: str
    total: str
    balance_due: str
    payment_status: str
    deposit_required: str | None
    notes: str | None
    metadata: dict[str, Any]
    terms: dict[str, Any] | None
    pricing: PricingView
    line_items: list[LineItemView]
    discounts: list[DiscountView]
    signatures: list[SignatureView]
    version: int
    closed_at: str | None
    fulfilled_at: str | None
    created_at: str
    updated_at: str
    customer: dict[str, Any] | None = Field(None, description="with include=customer")

    @classmethod
    def of(cls, deal: Deal, customer: dict[str, Any] | None = None) -> "DealView":
        """The view of a stored deal; `customer` is added where the caller asked for it."""
        money = deal.money
        return cls(
            id=deal.id,
            deal_id=deal.id,
            tenant_id=deal.tenant_id,
            customer_id=deal.customer_id,
            title=deal.title,
            description=deal.description,
            status=deal.status,
            deal_type=deal.deal_type,
            billing_cycle=deal.billing_cycle,
            currency=deal.currency,
            presentation_currency=deal.presentation_currency,
            settlement_currency=deal.settlement_currency,
            tax_rate=tax_rate_string(deal.shown_rate),
            subtotal=money(deal.subtotal),
            discount_total=money(deal.discount_total),
            tax_amount=money(deal.tax_amount),
            total=money(deal.total),
            balance_due=money(deal.balance_due),
            payment_status=deal.payment_status,
            deposit_required=None if deal.deposit_required is None else money(deal.deposit_required),
            notes=deal.notes,
            metadata=deal.metadata,
            terms=deal.terms or None,
            pricing=_pricing(deal),
            line_items=[LineItemView.of(one, deal) for one in deal.line_items],
            discounts=[DiscountView.of(one, deal) for one in deal.discounts],
            signatures=[SignatureView.of(one) for one in deal.valid_signatures],
            version=deal.version,
            closed_at=iso(deal.closed_at) if deal.closed_at else None,
            fulfilled_at=iso(deal.fulfilled_at) if deal.fulfilled_at else None,
            created_at=iso(deal.created_at),
            updated_at=iso(deal.updated_at),
            customer=customer,
        )


def _pricing(deal: Deal) -> PricingView:
    def shown(amount: Any) -> MoneyView:
        return MoneyView(**money_object(amount, deal.currency))

    return PricingView(
        currency=deal.currency,
        tax_rate=tax_rate_string(deal.shown_rate),
        subtotal=shown(deal.subtotal),
        discount_total=shown(deal.discount_total),
        tax_amount=shown(deal.tax_amount),
        total=shown(deal.total),
    )


class DealData(Output):
    """`data` of one deal."""

    deal: DealView


class DealList(Output):
    """`data` of a page of deals."""

    deals: list[DealView]
    pagination: Pagination


def shown_to(principal: Principal, deal: Deal, customer: dict[str, Any] | None = None) -> DealView:
    """The deal as a caller may see it: a browser's key never sees the internal notes (deals.create)."""
    view = DealView.of(deal, customer)
    return view.model_copy(update={"notes": None}) if principal.kind == "publishable" else view


def current(principal: Principal, deal: Deal) -> dict[str, Any]:
    """The state that a caller with an old version gets to see (R20)."""
    return DealData(deal=shown_to(principal, deal)).model_dump(mode="json")


def snapshot(deal: Deal) -> dict[str, Any]:
    """The deal as the audit trail keeps it."""
    return DealView.of(deal).model_dump(mode="json", exclude={"customer", "pricing"})
