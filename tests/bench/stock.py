"""What a workspace holds while it is measured: one customer, a page of products, and deals of one line each."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tests.end_to_end.systems import System

PRODUCTS = 60
DEALS = 200
CALLERS = 4


@dataclass(frozen=True)
class Stock:
    """Ids of what was made, and the bodies to make more of it."""

    customer: str
    products: list[str]
    deals: list[str]

    @property
    def new_deal(self) -> dict[str, Any]:
        return {"customer_id": self.customer, "title": "Pro Plan", "currency": "USD", "tax_rate": 0.10}

    @property
    def new_item(self) -> dict[str, Any]:
        return {"product_id": self.products[0], "name": "Pro Plan", "quantity": 1, "unit_price": 99.0}


def fill(system: System, deals: int = DEALS) -> Stock:
    """Make it through the API."""
    person = {"name": "Jane Smith", "email": "jane@example.com", "company": "Acme Corp"}
    customer = system.data("POST", "customers", person)["customer"]["customer_id"]

    def product(number: int) -> str:
        wish = {"name": f"Pro Plan {number}", "price": 99.0, "type": "service", "sku": f"PRO-{number}"}
        return str(system.data("POST", "products", wish)["product"]["product_id"])

    stock = Stock(customer, _several(product, PRODUCTS), [])
    stock.deals.extend(make_deals(system, stock, deals))
    return stock


def make_deals(system: System, stock: Stock, count: int) -> list[str]:
    """Further deals of one line each; their ids."""

    def deal(_: int) -> str:
        made = system.data("POST", "deals", stock.new_deal)["deal"]["deal_id"]
        system.data("POST", f"deals?id={made}&action=add_item", stock.new_item)
        return str(made)

    return _several(deal, count)


def _several(make: Callable[[int], str], count: int) -> list[str]:
    with ThreadPoolExecutor(CALLERS) as callers:
        return list(callers.map(make, range(count)))
