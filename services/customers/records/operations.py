"""What can be asked of customers."""

from dataclasses import replace
from typing import Annotated, Any

from libs.api.answers import Answer, Created
from libs.api.markers import Query
from libs.api.operation import DELETE, GET, KEY, PATCH, POST, PUBLISHABLE, SESSION, internal, operation
from libs.api.shaping import Representation, shape
from libs.errors.types import InvalidFields, NotFound, PreconditionFailed, PreconditionRequired
from services.customers.context import Context, CustomersTransaction, customers_in
from services.customers.records import changes as trail
from services.customers.records.models import (
    Customer,
    CustomerChanges,
    CustomerData,
    CustomerDeleted,
    CustomerFilter,
    CustomerList,
    CustomerReferences,
    CustomerView,
    NewCustomer,
    Personal,
    ReferencedCustomer,
    ReferencedCustomers,
    split,
)
from services.customers.records.rules import DuplicateEmail, dialled_in, normal_phone

CustomerId = Annotated[str, Query("id")]
MOST_DEALS = "50"


@operation("customers.list", GET, "/v1/customers", auth=[KEY, SESSION], scopes=["customers:read"])
async def list_customers(ctx: Context, query: Annotated[CustomerFilter, Query()]) -> CustomerList:
    """List customers, newest first.

    `search` finds the words of a name, an email, a phone number, or any part of a company's name. Deals and the
    activity log come with `include`; contracts are not known to this version and stay absent.
    """
    nested = [name for name in ("deals", "activity_log") if query.wants(name)]
    async with ctx.transaction() as tx:
        customers = await customers_in(ctx, tx)
        page = await customers.page(query, dialled_in(None, ctx.principal.region))
        logs = [await _activity(tx, customer, nested) for customer in page.rows]
    views = [
        CustomerView.of(customer, **log, **await _deals(ctx, customer, nested))
        for customer, log in zip(page.rows, logs, strict=True)
    ]
    return CustomerList(customers=views, pagination=page.pagination)


@operation(
    "customers.get",
    GET,
    "/v1/customers",
    select={"id": "*"},
    auth=[KEY, SESSION],
    scopes=["customers:read"],
    errors=[NotFound],
)
async def get_customer(
    ctx: Context, customer_id: CustomerId, choice: Annotated[Representation, Query()]
) -> Answer[CustomerData]:
    """Read one customer with its deals and activity log.

    Contracts are not known to this version: `include=contracts` adds nothing, rather than an empty list that would
    claim there are none.
    """
    nested = list(shape({"deals": None, "activity_log": None}, choice))
    async with ctx.transaction() as tx:
        customer = await (await customers_in(ctx, tx)).get(customer_id)
        log = await _activity(tx, customer, nested)
    view = CustomerView.of(customer, **log, **await _deals(ctx, customer, nested))
    return Answer(CustomerData(customer=view), version=customer.version)


@operation(
    "customers.create",
    POST,
    "/v1/customers",
    auth=[KEY, PUBLISHABLE, SESSION],
    scopes=["customers:write"],
    emits=["customer.created"],
    validatable=True,
    errors=[InvalidFields, DuplicateEmail],
)
async def create_customer(ctx: Context, new: NewCustomer) -> Created[CustomerData]:
    """Create a customer; name, email, phone, address and notes are encrypted at rest."""
    phone = normal_phone(new.phone, new.country, ctx.principal.region)
    personal, columns = split(new.model_dump() | {"phone": phone})
    customer = Customer(
        id=ctx.ids.new("cust"),
        version=1,
        personal=Personal(**personal),
        created_at=ctx.now,
        updated_at=ctx.now,
        **columns,
    )
    async with ctx.transaction() as tx:
        customer = await (await customers_in(ctx, tx)).add(customer)
        trail.created(tx, customer)
    return Created(CustomerData(customer=CustomerView.of(customer)), version=1)


@operation(
    "customers.update",
    PATCH,
    "/v1/customers",
    auth=[KEY, SESSION],
    scopes=["customers:write"],
    emits=["customer.updated"],
    if_match="required",
    errors=[PreconditionRequired, PreconditionFailed, InvalidFields, NotFound, DuplicateEmail],
)
async def update_customer(ctx: Context, customer_id: CustomerId, changes: CustomerChanges) -> Answer[CustomerData]:
    """Change the sent fields of a customer."""
    async with ctx.transaction() as tx:
        customers = await customers_in(ctx, tx)
        before = await customers.lock(customer_id)
        ctx.if_match.check(before.version, lambda: _current(before))
        customer = before.changed(changes.sent(), ctx.now)
        if changes.phone is not None:
            phone = normal_phone(changes.phone, customer.country, ctx.principal.region)
            customer = replace(customer, personal=replace(customer.personal, phone=phone))
        await customers.save(customer)
        trail.updated(tx, before, customer)
    return Answer(CustomerData(customer=CustomerView.of(customer)), version=customer.version)


@operation(
    "customers.delete",
    DELETE,
    "/v1/customers",
    auth=[KEY, SESSION],
    scopes=["customers:write"],
    emits=["customer.deleted"],
    if_match="required",
    errors=[PreconditionRequired, PreconditionFailed, NotFound],
)
async def delete_customer(ctx: Context, customer_id: CustomerId) -> CustomerDeleted:
    """Delete a customer for good; deals and payments keep its id, which then stands for nobody."""
    async with ctx.transaction() as tx:
        customers = await customers_in(ctx, tx)
        customer = await customers.lock(customer_id)
        ctx.if_match.check(customer.version, lambda: _current(customer))
        await customers.delete(customer_id)
        trail.deleted(tx, customer)
    return CustomerDeleted(id=customer_id)


@internal("customers.reference", effect="read")
async def reference(ctx: Context, wanted: CustomerReferences) -> ReferencedCustomers:
    """What other services show of customers; ids of customers that do not exist are left out."""
    async with ctx.transaction() as tx:
        found = await (await customers_in(ctx, tx)).several(wanted.customer_ids)
    return ReferencedCustomers(customers=[ReferencedCustomer.of(customer) for customer in found])


async def _activity(tx: CustomersTransaction, customer: Customer, nested: list[str]) -> dict[str, Any]:
    return {"activity_log": await tx.activity("customer", customer.id)} if "activity_log" in nested else {}


async def _deals(ctx: Context, customer: Customer, nested: list[str]) -> dict[str, Any]:
    """Asked outside the transaction, which would otherwise wait for another service."""
    if "deals" not in nested:
        return {}
    answer = await ctx.services.ask("deals.list", query={"customer_id": customer.id, "limit": MOST_DEALS})
    return {"deals": answer["deals"]}


def _current(customer: Customer) -> dict[str, Any]:
    """The state that a caller with an old version gets to see (R20)."""
    return CustomerData(customer=CustomerView.of(customer)).model_dump(mode="json")
