"""What travels between services: a fact, a saga's command, or the answer to one."""

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self, get_args

import orjson

from libs.bus.errors import UndecodableMessage, UnencodableMessage

Kind = Literal["event", "command", "reply"]

_KINDS = frozenset(get_args(Kind))


@dataclass(frozen=True, slots=True)
class Message:
    """One message. Its `id` stays the same on every attempt, so that an inbox recognises repetitions.

    `target` names the service for commands and replies and is "" for events. Messages of one `entity`
    ("deal:deal_x") keep their order (SM6); with "" the message has no order to keep. `causation_id` is the
    message or request that led to this one, `correlation_id` the first of that chain, `traceparent` as in W3C
    Trace Context; each may be "".
    """

    id: str
    kind: Kind
    name: str
    target: str
    tenant_id: str
    environment: str
    entity: str
    occurred_at: datetime
    payload: dict[str, Any]
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""
    schema_version: int = 1

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"kind is one of {sorted(_KINDS)}, not {self.kind!r}")
        if (self.kind == "event") == bool(self.target):
            raise ValueError("commands and replies have a target, events have none")
        if self.occurred_at.utcoffset() != timedelta(0):
            raise ValueError("occurred_at is in UTC")

    def encode(self) -> bytes:
        """The message as JSON. Raises UnencodableMessage when the payload holds anything else."""
        try:
            return orjson.dumps(self)
        except TypeError as error:
            raise UnencodableMessage(f"{self.name} {self.id}: {error}") from error

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """Read what `encode` wrote; fields added by a later version are ignored. Raises UndecodableMessage."""
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise UndecodableMessage(f"not JSON: {error}") from error
        if not isinstance(found, dict):
            raise UndecodableMessage("not a JSON object")
        try:
            return cls(**_checked(found))
        except (TypeError, ValueError) as error:
            raise UndecodableMessage(str(error)) from error


_NOT_TEXT: dict[str, type] = {"payload": dict, "schema_version": int}
_NAMES = tuple(field.name for field in fields(Message))


def _checked(found: dict[str, Any]) -> dict[str, Any]:
    known = {name: found[name] for name in _NAMES if name in found}
    for name, value in known.items():
        expected = _NOT_TEXT.get(name, str)
        if type(value) is not expected:
            raise TypeError(f"{name} is {type(value).__name__}, not {expected.__name__}")
    if "occurred_at" in known:
        known["occurred_at"] = datetime.fromisoformat(known["occurred_at"]).astimezone(UTC)
    return known
