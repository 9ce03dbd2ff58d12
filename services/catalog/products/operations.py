"""What can be asked of products."""

from decimal import Decimal
from typing import Annotated, Any

from libs.api.answers import Answer, Created
from libs.api.markers import Query
from libs.api.operation import DELETE, GET, KEY, PATCH, POST, PUBLISHABLE, SESSION, internal, operation
from libs.api.shaping import Representation
from libs.audit.chain import changes as difference
from libs.errors.types import InvalidFields, NotFound, OutOfRange, PreconditionFailed, PreconditionRequired
from services.catalog.context import CatalogTransaction, Context
from services.catalog.products.models import (
    CatalogueProduct,
    FirstProducts,
    NewProduct,
    OfferedService,
    Product,
    ProductChanges,
    ProductData,
    ProductDeleted,
    ProductFilter,
    ProductIds,
    ProductList,
    ProductReference,
    ProductView,
    split,
)
from services.catalog.products.rules import (
    PUBLIC_STATUSES,
    DuplicateSku,
    ProductInUse,
    check_billing_cycle,
    check_cleared,
    check_family,
)

ProductId = Annotated[str, Query("id")]
READ = ["products:read", "agent:discover"]


@operation("products.list", GET, "/v1/products", auth=[KEY, PUBLISHABLE, SESSION], scopes=READ)
async def list_products(ctx: Context, query: Annotated[ProductFilter, Query()]) -> ProductList:
    """List products, newest first, narrowed by any of the filters."""
    async with ctx.transaction() as tx:
        page = await tx.products.page(query, PUBLIC_STATUSES if _public(ctx) else None)
        views = [await _view(ctx, tx, product, query) for product in page.rows]
    return ProductList(products=views, pagination=page.pagination)


@operation(
    "products.get",
    GET,
    "/v1/products",
    select={"id": "*"},
    auth=[KEY, PUBLISHABLE, SESSION],
    scopes=READ,
    errors=[NotFound],
)
async def get_product(
    ctx: Context, product_id: ProductId, choice: Annotated[Representation, Query()]
) -> Answer[ProductData]:
    """Read one product."""
    async with ctx.transaction() as tx:
        product = await tx.products.get(product_id)
        if _public(ctx) and product.status not in PUBLIC_STATUSES:
            raise NotFound("Product not found")
        view = await _view(ctx, tx, product, choice)
    return Answer(ProductData(product=view), version=product.version)


@operation(
    "products.create",
    POST,
    "/v1/products",
    auth=[KEY, SESSION],
    scopes=["products:write"],
    validatable=True,
    errors=[InvalidFields, OutOfRange, NotFound, DuplicateSku],
)
async def create_product(ctx: Context, new: NewProduct) -> Created[ProductData]:
    """Create a product, priced in the workspace's default currency."""
    check_family(new.family_id)
    product = new_product(ctx, new)
    async with ctx.transaction() as tx:
        await tx.products.add(product, ctx.principal.tenant_id, ctx.principal.environment)
        _record(tx, "product.created", None, product)
    return Created(ProductData(product=ProductView.of(product)), version=1)


def new_product(ctx: Context, new: NewProduct) -> Product:
    """The product of an order to make one, in the workspace's currency."""
    columns, details = split(new.model_dump(exclude={"tiers"}) | {"tiers": new.tiers})
    return Product(
        id=ctx.ids.new("prod"),
        version=1,
        currency=ctx.principal.currency,
        created_at=ctx.now,
        updated_at=ctx.now,
        details=details,
        **columns,
    )


def first_product(ctx: Context, service: OfferedService) -> Product:
    """The product of a service named at onboarding; its price range is kept beside its price."""
    price = service.price_min or service.price_max or Decimal(0)
    range_ = {"price_min": service.price_min, "price_max": service.price_max}
    metadata = {name: f"{value:f}" for name, value in range_.items() if value is not None}
    new = NewProduct(name=service.name, description=service.description, price=price, type="service", metadata=metadata)
    return new_product(ctx, new)


@operation(
    "products.update",
    PATCH,
    "/v1/products",
    auth=[KEY, SESSION],
    scopes=["products:write"],
    if_match="required",
    errors=[PreconditionRequired, PreconditionFailed, InvalidFields, NotFound, DuplicateSku],
)
async def update_product(ctx: Context, product_id: ProductId, changes: ProductChanges) -> Answer[ProductData]:
    """Change the sent fields of a product; deals keep the prices that they were made with."""
    sent = changes.sent()
    check_cleared(sent)
    check_family(sent.get("family_id"))
    async with ctx.transaction() as tx:
        before = await tx.products.lock(product_id)
        ctx.if_match.check(before.version, lambda: _current(before))
        product = before.changed(sent, ctx.now)
        check_billing_cycle(product.details["price_type"], product.details.get("billing_cycle"))
        await tx.products.save(product)
        _record(tx, "product.updated", before, product)
    return Answer(ProductData(product=ProductView.of(product)), version=product.version)


@operation(
    "products.delete",
    DELETE,
    "/v1/products",
    auth=[KEY, SESSION],
    scopes=["products:write"],
    if_match="required",
    errors=[ProductInUse, PreconditionRequired, PreconditionFailed, NotFound],
)
async def delete_product(ctx: Context, product_id: ProductId) -> ProductDeleted:
    """Delete a product for good; one that active deals refer to stays."""
    use = await ctx.services.ask("deals.use_of_product", product_id=product_id)
    async with ctx.transaction() as tx:
        product = await tx.products.lock(product_id)
        ctx.if_match.check(product.version, lambda: _current(product))
        if use["active_deals"]:
            raise ProductInUse(details={"active_deals": use["active_deals"]})
        await tx.products.delete(product_id)
        _record(tx, "product.deleted", product, None)
    return ProductDeleted(id=product_id)


@internal("catalog.create_first_products")
async def create_first_products(ctx: Context, first: FirstProducts) -> ProductIds:
    """Make a product of each service that a new workspace names, at the lower end of its price range."""
    products = [first_product(ctx, service) for service in first.services]
    async with ctx.transaction() as tx:
        for product in products:
            await tx.products.add(product, ctx.principal.tenant_id, ctx.principal.environment)
            _record(tx, "product.created", None, product)
    return ProductIds(product_ids=[product.id for product in products])


@internal("catalog.product", effect="read")
async def product_for_pricing(ctx: Context, wanted: ProductReference) -> CatalogueProduct:
    """What a price depends on, for the services that sell the product."""
    async with ctx.transaction() as tx:
        product = await tx.products.get(wanted.product_id)
    details = product.details
    return CatalogueProduct(
        id=product.id,
        name=product.name,
        price=str(product.price),
        currency=product.currency,
        status=product.status,
        price_type=details["price_type"],
        pricing_model=details["pricing_model"],
        billing_cycle=details.get("billing_cycle"),
        tax_rate=details.get("tax_rate"),
        tiers=details.get("tiers") or [],
        requires_booking=product.requires_booking,
    )


def _public(ctx: Context) -> bool:
    return ctx.principal.kind == "publishable"


async def _view(ctx: Context, tx: CatalogTransaction, product: Product, choice: Representation) -> ProductView:
    nested: dict[str, Any] = {}
    if not _public(ctx) and choice.wants("deals"):
        nested["deals"] = (await ctx.services.ask("deals.use_of_product", product_id=product.id))["deals"]
    if not _public(ctx) and choice.wants("activity_log"):
        nested["activity_log"] = await tx.activity("product", product.id)
    view = ProductView.of(product, **nested)
    return view.model_copy(update={"cost": None}) if _public(ctx) else view


def _current(product: Product) -> dict[str, Any]:
    """The state that a caller with an old version gets to see (R20)."""
    return ProductData(product=ProductView.of(product)).model_dump(mode="json")


def _record(tx: CatalogTransaction, action: str, before: Product | None, after: Product | None) -> None:
    was = ProductView.of(before).model_dump(mode="json") if before else {}
    now = ProductView.of(after).model_dump(mode="json") if after else {}
    subject = after or before
    if subject is not None:
        tx.record(("product", subject.id), action, changes=difference(was, now), snapshot=now)
