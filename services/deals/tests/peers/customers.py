"""The customers service as far as deals know it."""

import sys
from dataclasses import dataclass, field
from typing import Any


from libs.api.fields import Input, Label, Output
from libs.api.operation import internal
from libs.commands.customers import ConfirmCustomer
from libs.service.context import Context
from libs.service.definition import Service, handles
from libs.service.platform import Platform
from tests.support.platform_only import FOLDER


@dataclass
class Book:
    """The customers of every tenant: known ones, and those that wait for the deal that brought them."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    by_email: dict[tuple[str, str], str] = field(default_factory=dict)
    provisional: set[str] = field(default_factory=set)

    def add(self, tenant_id: str, customer_id: str, company: str | None = None, email: str = "") -> str:
        """A customer that everyone sees."""
        self.known[customer_id] = {"id": customer_id, "tenant_id": tenant_id, "company": company}
        if email:
            self.by_email[tenant_id, email] = customer_id
        return customer_id


class References(Input):
    """Which customers are meant."""

    customer_ids: list[Label]


class Referenced(Output):
    """Those of them that the tenant has."""

    customers: list[dict[str, Any]]


class Inline(Input):
    """A customer by its data."""

    name: str
    email: str
    phone: str | None = None
    company: str | None = None


class Found(Output):
    """The customer, and whether it waits for its deal."""

    customer_id: str
    created: bool


@internal("customers.reference")
async def reference(ctx: Context[Any, Book], wanted: References) -> Referenced:
    """Customers by id."""
    found = [ctx.ports.known.get(one) for one in wanted.customer_ids]
    own = [one for one in found if one and one["tenant_id"] == ctx.principal.tenant_id]
    return Referenced(customers=[{name: one[name] for name in ("id", "company")} for one in own])


@internal("customers.find_or_create")
async def find_or_create(ctx: Context[Any, Book], inline: Inline) -> Found:
    """The customer with the email, else a provisional one."""
    book, tenant = ctx.ports, ctx.principal.tenant_id
    if known := book.by_email.get((tenant, inline.email)):
        return Found(customer_id=known, created=known in book.provisional)
    made = ctx.ids.new("cust")
    book.by_email[tenant, inline.email] = made
    book.provisional.add(made)
    return Found(customer_id=made, created=True)


@handles(ConfirmCustomer)
async def confirm(ctx: Context[Any, Book], command: ConfirmCustomer) -> None:
    """Make a provisional customer visible."""
    ctx.ports.provisional.remove(command.customer_id)
    ctx.ports.add(ctx.principal.tenant_id, command.customer_id)


async def open_ports(_: Platform) -> Book:
    """An empty book."""
    return Book()


SERVICE = Service(
    name="customers",
    folder=FOLDER,
    features=[sys.modules[__name__]],
    open_ports=open_ports,
)
