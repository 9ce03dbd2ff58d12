"""How an ordered product becomes a line, and what a change of lines says."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from libs.errors.types import InvalidFields, NotFound
from libs.money.amounts import price_string
from services.deals.deal.aggregate import Change, Deal
from services.deals.deal.items import LineItem
from services.deals.line_items.models import NewLineItem, PricedProduct


def line_of(new: NewLineItem, product: PricedProduct, item_id: str, currency: str, *, own_price: bool) -> LineItem:
    """The line for an order; a price that is not given, or may not be, comes from the catalogue.

    A given unit price is a fixed one: tiers play no part. Raises InvalidFields where the catalogue's price is in
    another currency, since no exchange rate is at hand to convert it.
    """
    given = new.unit_price if own_price else None
    if given is None and product.currency != currency:
        raise InvalidFields.of("unit_price", f"The product is priced in {product.currency}; send a price in {currency}")
    if product.status == "archived":
        raise InvalidFields.of("product_id", "The product is archived")
    of_product = "once_off" if given is not None and product.price_type == "percentage" else product.price_type
    price_type = new.price_type or of_product
    if price_type == "recurring" and not (new.billing_cycle or product.billing_cycle):
        raise InvalidFields.of("billing_cycle", "billing_cycle is required for a recurring line", "required")
    if (new.configuration or {}).get("option_ids"):
        raise NotFound("The product has no such option")
    return LineItem(
        id=item_id,
        product_id=product.id,
        name=new.name or product.name,
        quantity=new.quantity,
        price=Decimal(product.price) if given is None else given,
        description=new.description,
        configuration=new.configuration,
        price_type=price_type,
        billing_cycle=new.billing_cycle or product.billing_cycle,
        product_rate=None if product.tax_rate is None else Decimal(product.tax_rate),
        model=product.pricing_model if given is None else "fixed",
        steps=tuple(product.tiers) if given is None else (),
    )


def add(deal: Deal, line: LineItem, at: datetime) -> LineItem:
    """Put a line on the deal; returns it as priced."""
    deal.line_items = [*deal.line_items, line]
    added = _repriced(deal, line.id)
    told = {
        "deal_id": deal.id,
        "item_id": added.id,
        "product_id": added.product_id,
        "quantity": added.quantity,
        "unit_price": price_string(added.unit_price, deal.currency),
        "line_total": deal.money(added.line_total),
        "deal_total": deal.money(deal.total),
        "currency": deal.currency,
    }
    deal.changed(Change("deal.item_added", "deal.item_added", told), at)
    return added


def change_quantity(deal: Deal, item_id: str, quantity: int, at: datetime) -> LineItem:
    """Sell another number of a line's product."""
    before = found(deal, item_id)
    deal.line_items = [_with_quantity(one, quantity) if one.id == item_id else one for one in deal.line_items]
    line = _repriced(deal, item_id)
    told = {
        "deal_id": deal.id,
        "item_id": item_id,
        "product_id": line.product_id,
        "previous_quantity": before.quantity,
        "quantity": quantity,
        "line_total": deal.money(line.line_total),
        "deal_total": deal.money(deal.total),
        "currency": deal.currency,
    }
    deal.changed(Change("deal.item_updated", "deal.item_updated", told), at)
    return line


def remove(deal: Deal, item_id: str, at: datetime) -> None:
    """Take a line off the deal."""
    line = found(deal, item_id)
    deal.line_items = [one for one in deal.line_items if one.id != item_id]
    deal.reprice()
    deal.balance_changed()
    told = {
        "deal_id": deal.id,
        "item_id": item_id,
        "product_id": line.product_id,
        "quantity": line.quantity,
        "deal_total": deal.money(deal.total),
        "currency": deal.currency,
    }
    deal.changed(Change("deal.item_removed", "deal.item_removed", told), at)


def found(deal: Deal, item_id: str) -> LineItem:
    """A line by its id; NotFound where the deal has none."""
    line = deal.line(item_id)
    if line is None:
        raise NotFound("Line item not found")
    return line


def _repriced(deal: Deal, item_id: str) -> LineItem:
    deal.reprice()
    deal.balance_changed()
    return found(deal, item_id)


def _with_quantity(line: LineItem, quantity: int) -> LineItem:
    return replace(line, quantity=quantity)
