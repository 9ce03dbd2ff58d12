"""Stripe's lists: newest first, a page at a time, by cursor."""

from typing import Any

from deploy.stripe_stand_in.call import Call
from deploy.stripe_stand_in.errors import InvalidParam
from deploy.stripe_stand_in.store import Slice, StripeObject

_DEFAULT_LIMIT = 10
_MAX_LIMIT = 100
_COMPARISONS = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def page_of(call: Call, kind: str, url: str, filters: dict[str, Any]) -> StripeObject:
    """The list object for the call's paging parameters; filters without a value are ignored."""
    limit = call.params.integer("limit", least=1) or _DEFAULT_LIMIT
    if limit > _MAX_LIMIT:
        raise InvalidParam(f"This value must be less than or equal to {_MAX_LIMIT}.", param="limit")
    cursors = {name: call.params.text(name) for name in ("starting_after", "ending_before")}
    for name, id in cursors.items():
        if id is not None:
            call.load(kind, id, name)
    wanted = Slice(
        limit=limit + 1,
        after=cursors["starting_after"],
        before=cursors["ending_before"],
        filters=tuple((name, value) for name, value in filters.items() if value is not None),
        created=_creation_bounds(call),
    )
    found = call.world.store.page(call.realm, kind, wanted)
    data = found[-limit:] if wanted.before is not None else found[:limit]
    return list_object(url, data, has_more=len(found) > limit)


def list_object(url: str, data: list[StripeObject], *, has_more: bool = False) -> StripeObject:
    return {"object": "list", "url": url, "has_more": has_more, "data": data}


def _creation_bounds(call: Call) -> tuple[tuple[str, int], ...]:
    if isinstance(call.params.values.get("created"), str):
        moment = call.params.required_integer("created")
        return (("=", moment),)
    bounds = call.params.section("created")
    bounds.refuse_others_than(_COMPARISONS)
    return tuple((sign, bounds.required_integer(name)) for name, sign in _COMPARISONS.items() if name in bounds)
