"""Customers that arrive with a deal: found by email, else out of sight until the deal exists (state machines 2.1)."""

from dataclasses import replace

from libs.api.operation import internal
from libs.commands.customers import ConfirmCustomer
from libs.errors.types import NotFound
from libs.service.definition import handles
from services.customers.context import Context, customers_in
from services.customers.provisional.models import Confirmed, CustomerTarget, Discarded, FoundCustomer, InlineCustomer
from services.customers.records import changes as trail
from services.customers.records.models import Customer, Personal
from services.customers.records.rules import normal_phone


@internal("customers.find_or_create")
async def find_or_create(ctx: Context, inline: InlineCustomer) -> FoundCustomer:
    """The customer with the email, which stays as it is, or a provisional one that no read shows.

    Several deals that name the same new email at once share one provisional customer, and each confirms or discards it.
    """
    phone = normal_phone(inline.phone, None, ctx.principal.region)
    provisional = Customer(
        id=ctx.ids.new("cust"),
        version=1,
        personal=Personal(name=inline.name, email=inline.email, phone=phone),
        company=inline.company,
        status="active",
        provisional=True,
        created_at=ctx.now,
        updated_at=ctx.now,
    )
    async with ctx.transaction() as tx:
        customers = await customers_in(ctx, tx)
        if known := await customers.id_of(inline.email):
            return FoundCustomer(customer_id=known, created=False)
        customer_id, created = await customers.hold(provisional)
    return FoundCustomer(customer_id=customer_id, created=created)


@internal("customers.confirm")
async def confirm(ctx: Context, target: CustomerTarget) -> Confirmed:
    """Make a provisional customer visible; one that is visible already stays as it is. NotFound once it has lapsed."""
    await _confirm(ctx, target.customer_id)
    return Confirmed(customer_id=target.customer_id)


@handles(ConfirmCustomer)
async def confirm_for_deal(ctx: Context, command: ConfirmCustomer) -> None:
    """The deal that brought the customer exists."""
    await _confirm(ctx, command.customer_id)


@internal("customers.discard")
async def discard(ctx: Context, target: CustomerTarget) -> Discarded:
    """Take back one `find_or_create` whose deal did not come about."""
    async with ctx.transaction() as tx:
        customers = await customers_in(ctx, tx)
        try:
            customer, holds = await customers.lock_held(target.customer_id)
        except NotFound:
            return Discarded(customer_id=target.customer_id, discarded=True)
        last = customer.provisional and holds <= 1
        if last:
            await customers.delete(customer.id)
        elif customer.provisional:
            await customers.release(customer.id)
    return Discarded(customer_id=target.customer_id, discarded=last)


async def _confirm(ctx: Context, customer_id: str) -> None:
    async with ctx.transaction() as tx:
        customers = await customers_in(ctx, tx)
        customer, _ = await customers.lock_held(customer_id)
        if customer.provisional:
            visible = replace(customer, provisional=False, updated_at=ctx.now)
            await customers.save(visible)
            trail.created(tx, visible)
