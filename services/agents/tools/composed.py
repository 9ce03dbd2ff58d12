"""Tools that call more than one operation, or another than the arguments seem to say."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from libs.api.call import Reply
from libs.errors.render import error_body
from libs.errors.types import NotFound
from libs.telemetry import tracing
from services.agents.tools.fields import Field, InvalidArguments

Ask = Callable[[str, Mapping[str, Any]], Awaitable[Reply]]
"""Calls an operation as the tool's caller, with values by the names of its fields."""

Fields = Mapping[str, Field]


@dataclass(frozen=True)
class Composed:
    """The function of a tool, and its arguments as made from the fields of the operations that it composes."""

    run: Callable[[Ask, Mapping[str, Any]], Awaitable[Reply]]
    fields: Callable[[Sequence[Fields]], Fields]


async def update_deal(ask: Ask, arguments: Mapping[str, Any]) -> Reply:
    """Change fields of a deal, then its status; the version that the change made is the one that is moved."""
    status = arguments.get("status")
    changes = {name: value for name, value in arguments.items() if name not in ("status", "idempotency_key")}
    expected = arguments.get("if_match")
    if status is None or changes.keys() - {"id", "if_match"}:
        changed = await ask("deals.update", changes)
        if status is None or changed.status >= 400:
            return changed
        expected = changed.headers.get("ETag")
    move = {"id": arguments["id"], "status": status, "if_match": expected}
    if key := arguments.get("idempotency_key"):
        move["idempotency_key"] = key
    return await ask("deals.transition", move)


def _fields_of_update_deal(behind: Sequence[Fields]) -> Fields:
    update, transition = behind
    joined = {**transition, **update, "status": replace(transition["status"], required=False)}
    return {name: replace(field, required=name == "id") for name, field in joined.items()}


async def get_customer(ask: Ask, arguments: Mapping[str, Any]) -> Reply:
    """Read a customer by ID, or by an email address that matches exactly."""
    wanted = dict(arguments)
    email = wanted.pop("email", None)
    if wanted.get("id") is None:
        if email is None:
            raise InvalidArguments("Missing required parameter: id or email")
        found = await ask("customers.list", {"search": email})
        if found.status >= 400:
            return found
        wanted["id"] = _id_by_email(found, email)
    if wanted["id"] is None:
        return Reply(404, body=error_body(NotFound("Customer not found"), tracing.ref()))
    return await ask("customers.get", wanted)


def _id_by_email(found: Reply, email: str) -> str | None:
    customers = found.body["data"]["customers"]
    matching = (one["id"] for one in customers if str(one["email"]).casefold() == email.casefold())
    return next(matching, None)


def _fields_of_get_customer(behind: Sequence[Fields]) -> Fields:
    by_id = behind[0]
    schema = {"type": "string", "format": "email", "description": "address to look for instead of the ID"}
    return {**by_id, "id": replace(by_id["id"], required=False), "email": Field("email", schema)}


COMPOSED: Mapping[str, Composed] = {
    "update_deal": Composed(update_deal, _fields_of_update_deal),
    "get_customer": Composed(get_customer, _fields_of_get_customer),
}
