"""What is said about products: input, the stored product, and what callers see."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from libs.api.fields import (
    MAX_INTEGER,
    Flag,
    Input,
    Label,
    LongText,
    Metadata,
    Name,
    NotNegative,
    Object,
    Output,
    TaxRate,
    Url,
    Whole,
)
from libs.api.paging import CursorQuery, Pagination
from libs.api.shaping import Representation
from libs.clock import iso
from libs.money.json_numbers import as_json_number
from libs.money.tax import tax_rate_string

ProductType = Literal["product", "service", "subscription", "bundle", "physical", "digital"]
ProductStatus = Literal["active", "inactive", "archived"]
PriceType = Literal["once_off", "recurring", "percentage", "metered"]
BillingCycle = Literal["monthly", "quarterly", "annual"]
PricingModel = Literal["fixed", "tiered", "volume", "usage"]


class PriceStep(Input):
    """A step of a tiered or volume price; `up_to` is inclusive, null means and above."""

    up_to: Annotated[Whole, Field(ge=1)] | None = None
    unit_price: NotNegative
    flat_fee: NotNegative = Decimal(0)


def _ascending(steps: list[PriceStep]) -> list[PriceStep]:
    """Each step ends above the one before, and only the last one may be open (pricing semantics, section 5)."""
    ends = [MAX_INTEGER + 1 if step.up_to is None else step.up_to for step in steps]
    if any(end <= before for before, end in pairwise(ends)):
        raise PydanticCustomError("steps", "Input should have ascending up_to, and null at most in the last step")
    return steps


PriceSteps = Annotated[list[PriceStep], AfterValidator(_ascending)]


class ProductFields(Input):
    """The fields that creating and changing a product share."""

    description: LongText | None = None
    sku: Label | None = None
    unit: Label | None = None
    category: Label | None = None
    cost: NotNegative | None = None
    tax_rate: TaxRate | None = None
    stock_quantity: Whole | None = None
    low_stock_threshold: Whole | None = None
    metadata: Metadata | None = None
    configuration_schema: Object | None = None
    family_id: Label | None = None
    session_duration: Annotated[Whole, Field(ge=5, le=480)] | None = None
    buffer_time: Annotated[Whole, Field(ge=0, le=120)] | None = None
    learn_more_url: Url | None = None
    features: list[Label] | None = None
    tiers: PriceSteps | None = None


class NewProduct(ProductFields):
    """The body of `products.create`."""

    name: Name
    price: NotNegative
    type: ProductType = "product"
    price_type: PriceType = "once_off"
    billing_cycle: BillingCycle | None = Field(default=None, validate_default=True)
    pricing_model: PricingModel = "fixed"
    status: ProductStatus = "active"
    track_inventory: bool = False
    requires_booking: bool = False
    max_advance_days: Annotated[Whole, Field(ge=0)] = 90
    min_advance_hours: Annotated[Whole, Field(ge=0)] = 24
    allow_staff_selection: bool = True

    @field_validator("billing_cycle")
    @classmethod
    def _recurs(cls, cycle: str | None, info: ValidationInfo) -> str | None:
        if cycle is None and info.data.get("price_type") == "recurring":
            raise PydanticCustomError("missing", "billing_cycle is required when price_type is recurring")
        return cycle


class ProductChanges(ProductFields):
    """The body of `products.update`: what is not sent keeps its value."""

    name: Name | None = None
    price: NotNegative | None = None
    type: ProductType | None = None
    price_type: PriceType | None = None
    billing_cycle: BillingCycle | None = None
    pricing_model: PricingModel | None = None
    status: ProductStatus | None = None
    track_inventory: bool | None = None
    requires_booking: bool | None = None
    max_advance_days: Annotated[Whole, Field(ge=0)] | None = None
    min_advance_hours: Annotated[Whole, Field(ge=0)] | None = None
    allow_staff_selection: bool | None = None


class ProductFilter(CursorQuery, Representation):
    """Query parameters of `products.list`."""

    status: ProductStatus | None = Field(None, description="only products in this status")
    type: ProductType | None = Field(None, description="only products of this type")
    category: str | None = Field(None, description="only products in this category, given by name")
    family: str | None = Field(None, description="only products of this product family (ID)")
    requires_booking: Flag | None = Field(None, description="1: bookable products only; 0: without them")
    search: str | None = Field(None, description="matches name, SKU or description")


@dataclass(frozen=True, slots=True)
class Product:
    """A product as it is kept. `details` holds the fields that nothing searches by, in JSON form."""

    id: str
    version: int
    name: str
    price: Decimal
    currency: str
    type: str
    status: str
    requires_booking: bool
    details: dict[str, Any]
    created_at: datetime
    updated_at: datetime
    description: str | None = None
    cost: Decimal | None = None
    sku: str | None = None
    category: str | None = None
    family_id: str | None = None

    def changed(self, changes: dict[str, Any], at: datetime) -> "Product":
        """The product after a change: one version on (R105)."""
        columns, details = split(changes)
        return replace(self, **columns, details=self.details | details, version=self.version + 1, updated_at=at)


COLUMN_FIELDS = frozenset(Product.__dataclass_fields__) - {"details"}
REQUIRED = frozenset({"name", "price", "type", "status", "requires_booking"})


def split(fields: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Input fields by where they are kept: columns, and details in JSON form."""
    columns = {name: value for name, value in fields.items() if name in COLUMN_FIELDS}
    details = {name: _json(value) for name, value in fields.items() if name not in COLUMN_FIELDS}
    return columns, details


def _json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, PriceStep):
        return {"up_to": value.up_to, "unit_price": str(value.unit_price), "flat_fee": str(value.flat_fee)}
    return [_json(one) for one in value] if isinstance(value, list) else value


class ProductView(Output):
    """A product as callers see it. `price` and `cost` are numbers in the product's currency."""

    id: str
    product_id: str
    name: str
    description: str | None
    price: float
    currency: str
    cost: float | None = None
    sku: str | None
    type: ProductType
    status: ProductStatus
    category: str | None
    family_id: str | None
    requires_booking: bool
    price_type: PriceType
    pricing_model: PricingModel
    billing_cycle: BillingCycle | None = None
    unit: str | None = None
    tax_rate: str | None = None
    stock_quantity: int | None = None
    track_inventory: bool
    low_stock_threshold: int | None = None
    metadata: dict[str, Any] | None = None
    configuration_schema: dict[str, Any] | None = None
    session_duration: int | None = None
    buffer_time: int | None = None
    max_advance_days: int
    min_advance_hours: int
    allow_staff_selection: bool
    learn_more_url: str | None = None
    features: list[str] | None = None
    tiers: list[dict[str, Any]] | None = None
    version: int
    created_at: str
    updated_at: str
    deals: list[dict[str, Any]] | None = Field(None, description="with include=deals")
    activity_log: list[dict[str, Any]] | None = Field(None, description="with include=activity_log")

    @classmethod
    def of(cls, product: Product, **nested: Any) -> "ProductView":
        """The view of a stored product; `nested` adds deals and activity_log."""
        details = dict(product.details)
        rate = details.pop("tax_rate", None)
        return cls(
            id=product.id,
            product_id=product.id,
            name=product.name,
            description=product.description,
            price=as_json_number(product.price),
            currency=product.currency,
            cost=None if product.cost is None else as_json_number(product.cost),
            sku=product.sku,
            type=product.type,  # type: ignore[arg-type]
            status=product.status,  # type: ignore[arg-type]
            category=product.category,
            family_id=product.family_id,
            requires_booking=product.requires_booking,
            tax_rate=None if rate is None else tax_rate_string(Decimal(rate)),
            version=product.version,
            created_at=iso(product.created_at),
            updated_at=iso(product.updated_at),
            **details,
            **nested,
        )


class ProductData(Output):
    """`data` of one product."""

    product: ProductView


class ProductList(Output):
    """`data` of a page of products."""

    products: list[ProductView]
    pagination: Pagination


class ProductDeleted(Output):
    """`data` after a deletion."""

    deleted: Literal[True] = True
    id: str


class OfferedService(Input):
    """A service that a new workspace offers, with its price range."""

    name: Name
    description: LongText | None = None
    price_min: NotNegative | None = None
    price_max: NotNegative | None = None


class FirstProducts(Input):
    """What a new workspace sells from its first day."""

    services: list[OfferedService]


class ProductIds(Output):
    """Products that came into being."""

    product_ids: list[str]


class ProductReference(Input):
    """Which product another service asks about."""

    product_id: Label


class CatalogueProduct(Output):
    """What other services need of a product: everything that a price depends on. Amounts are decimal strings."""

    id: str
    name: str
    price: str
    currency: str
    status: str
    price_type: str
    pricing_model: str
    billing_cycle: str | None
    tax_rate: str | None
    tiers: list[dict[str, Any]]
    requires_booking: bool
