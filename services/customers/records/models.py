"""What is said about customers: input, the stored customer, and what callers see."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from libs.api.fields import Email, Input, Label, LongText, Name, Output
from libs.api.paging import CursorQuery, Pagination
from libs.api.shaping import Representation
from libs.clock import iso
from services.customers.records.rules import e164

CustomerStatus = Literal["active", "inactive", "archived"]
HIDDEN = "[encrypted]"
UNSENT: Any = None
BOOKKEEPING = frozenset({"version", "updated_at"})


def _dialable(number: str) -> str:
    """Refuse early what is no number wherever it is dialled, so that it is named with the other faults (R123)."""
    fits = e164(number, None) if number.startswith("+") else any(character.isdigit() for character in number)
    if not fits:
        raise PydanticCustomError("phone", "Input should be a phone number, such as +61412345678")
    return number


Phone = Annotated[Label, AfterValidator(_dialable)]


class CustomerFields(Input):
    """The fields that creating and changing a customer share."""

    phone: Phone | None = None
    company: Label | None = None
    city: Label | None = None
    state: Label | None = None
    zip: Label | None = None
    country: Label | None = None
    address: Label | None = None
    notes: LongText | None = None


class NewCustomer(CustomerFields):
    """The body of `customers.create`."""

    name: Name
    email: Email
    status: CustomerStatus = "active"


class CustomerChanges(CustomerFields):
    """The body of `customers.update`: what is not sent keeps its value, and these three cannot be cleared (R121)."""

    name: Name = UNSENT
    email: Email = UNSENT
    status: CustomerStatus = UNSENT


class CustomerFilter(CursorQuery, Representation):
    """Query parameters of `customers.list`."""

    status: CustomerStatus | None = Field(None, description="only customers in this status")
    search: str | None = Field(None, description="matches name, email, phone or company")


@dataclass(frozen=True, slots=True)
class Personal:
    """What tells who a customer is; kept as one ciphertext."""

    name: str
    email: str
    phone: str | None = None
    address: str | None = None
    city: str | None = None
    state: str | None = None
    zip: str | None = None
    notes: str | None = None


PERSONAL_FIELDS = frozenset(Personal.__dataclass_fields__)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer as it is kept. A provisional one is invisible until the deal that brought it exists."""

    id: str
    version: int
    personal: Personal
    status: str
    created_at: datetime
    updated_at: datetime
    company: str | None = None
    country: str | None = None
    provisional: bool = False

    def changed(self, changes: Mapping[str, Any], at: datetime) -> "Customer":
        """The customer after a change: one version on (R105)."""
        personal, columns = split(changes)
        return replace(
            self, **columns, personal=replace(self.personal, **personal), version=self.version + 1, updated_at=at
        )


def split(fields: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Input fields by how they are kept: encrypted, and in the clear."""
    personal = {name: value for name, value in fields.items() if name in PERSONAL_FIELDS}
    return personal, {name: value for name, value in fields.items() if name not in PERSONAL_FIELDS}


class CustomerView(Output):
    """A customer as authorised callers see it, decrypted (R167). No documented operation writes `metadata`."""

    id: str
    customer_id: str
    name: str
    email: str
    phone: str | None
    company: str | None
    address: str | None
    city: str | None
    state: str | None
    zip: str | None
    country: str | None
    notes: str | None
    status: CustomerStatus
    metadata: dict[str, Any]
    version: int
    created_at: str
    updated_at: str
    deals: list[dict[str, Any]] | None = Field(None, exclude_if=lambda deals: deals is None)
    activity_log: list[dict[str, Any]] | None = Field(None, exclude_if=lambda entries: entries is None)

    @classmethod
    def of(cls, customer: Customer, **nested: Any) -> "CustomerView":
        """The view of a stored customer; `nested` adds deals and activity_log."""
        return cls(
            **asdict(customer.personal),
            id=customer.id,
            customer_id=customer.id,
            company=customer.company,
            country=customer.country,
            status=customer.status,  # type: ignore[arg-type]
            metadata={},
            version=customer.version,
            created_at=iso(customer.created_at),
            updated_at=iso(customer.updated_at),
            **nested,
        )


class CustomerData(Output):
    """`data` of one customer."""

    customer: CustomerView


class CustomerList(Output):
    """`data` of a page of customers."""

    customers: list[CustomerView]
    pagination: Pagination


class CustomerDeleted(Output):
    """`data` after a deletion."""

    deleted: Literal[True] = True
    id: str


class CustomerReferences(Input):
    """Which customers another service asks about."""

    customer_ids: list[Label]


class ReferencedCustomer(Output):
    """What other services show of a customer."""

    id: str
    name: str
    email: str
    phone: str | None
    company: str | None
    status: str

    @classmethod
    def of(cls, customer: Customer) -> "ReferencedCustomer":
        """The reference to a stored customer."""
        own = customer.personal
        return cls(
            id=customer.id,
            name=own.name,
            email=own.email,
            phone=own.phone,
            company=customer.company,
            status=customer.status,
        )


class ReferencedCustomers(Output):
    """The customers among those asked about that exist."""

    customers: list[ReferencedCustomer]


def hidden(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same fields with a mark in place of each personal value (R164)."""
    return {name: HIDDEN if name in PERSONAL_FIELDS and value is not None else value for name, value in fields.items()}
