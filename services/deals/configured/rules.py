"""What the parts of a configured deal demand of each other."""

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
