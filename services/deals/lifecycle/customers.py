"""What deals ask the customers service."""

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel

from libs.errors.types import NotFound
from services.deals.context import Context
from services.deals.deal.aggregate import Deal


class CustomerReference(BaseModel):
    """A customer as far as deals need one."""

    id: str
    company: str | None = None


async def referenced(ctx: Context, customer_id: str | None) -> CustomerReference | None:
    """The customer that a body names; NotFound where there is none (A34)."""
    if customer_id is None:
        return None
    answer = await ctx.services.ask("customers.reference", customer_ids=[customer_id])
    if not answer["customers"]:
        raise NotFound("Customer not found")
    return CustomerReference.model_validate(answer["customers"][0])


async def customer_views(ctx: Context, deals: Iterable[Deal]) -> dict[str, dict[str, Any]]:
    """The customers of deals, by id, for `include=customer`."""
    wanted = sorted({deal.customer_id for deal in deals if deal.customer_id})
    if not wanted:
        return {}
    answer = await ctx.services.ask("customers.reference", customer_ids=wanted)
    return {one["id"]: one for one in answer["customers"]}
