"""What the parts of a configured deal demand of each other."""

from collections.abc import Iterator
from contextlib import contextmanager

from libs.errors.types import InvalidFields, NotFound
from services.deals.configured.models import ConfiguredDeal


def check(wanted: ConfiguredDeal) -> None:
    """Exactly one customer, one source of lines, and only references that exist."""
    if (wanted.customer_id is None) == (wanted.customer is None):
        raise InvalidFields.of("customer_id", "Send either customer_id or customer", "required")
    if wanted.items and wanted.saved_config_id:
        raise InvalidFields.of("items", "Send either items or saved_config_id")
    if wanted.saved_config_id is not None:
        raise NotFound("Saved configuration not found")
    if wanted.template_id is not None:
        raise NotFound("Deal template not found")
    if not wanted.items:
        raise InvalidFields.of("items", "A configured deal has at least one line item", "required")


@contextmanager
def named(place: str) -> Iterator[None]:
    """Name the faults of a part by where it stands in the body: `discounts.1.value`."""
    try:
        yield
    except InvalidFields as error:
        faults = (error.details or {}).get("fields", {})
        raise type(error)(details={"fields": {f"{place}.{name}": fault for name, fault in faults.items()}}) from error
