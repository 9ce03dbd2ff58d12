"""The catalogue: which tools there are, what they are for and which operation is behind each."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter

FILE = Path(__file__).with_name("catalogue.json")

Category = Literal[
    "deal_management",
    "product_catalog",
    "customer_management",
    "contracts",
    "negotiation",
    "templates",
    "intelligence",
    "payments",
    "subscriptions",
    "widgets",
    "configuration",
    "saved_configs",
    "webhooks",
    "delegations",
    "compliance",
    "search",
    "audit",
    "sandbox",
    "workflows",
    "agent_trust",
    "federation",
    "agent_registry",
    "deal_participants",
    "closure",
    "catalog_management",
    "documents",
    "billing",
    "headless_flow",
]


class ToolRow(BaseModel):
    """One tool of the catalogue.

    `operation` is called with the tool's arguments; a tool that `composes` several has a function of its own. `scopes`
    are those of which any one suffices. `arguments` maps arguments to fields of the operation where the names differ
    (null: accepted, not passed on), `fixed` are fields that the tool sets itself, `omit` those that it does not offer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    category: Category
    operation: str | None = None
    composes: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    arguments: Mapping[str, str | None] = {}
    fixed: Mapping[str, Any] = {}
    omit: tuple[str, ...] = ()
    description: str
    annotations: Mapping[str, bool]

    @property
    def operations(self) -> tuple[str, ...]:
        """Every operation that the tool needs."""
        return (self.operation,) if self.operation else self.composes

    @property
    def reshapes(self) -> bool:
        """Whether arguments are more than other names for fields, so that only a function can pass them on."""
        return self.operation is None or any(not field.isidentifier() for field in self.arguments.values() if field)


@cache
def catalogue() -> tuple[ToolRow, ...]:
    """Every tool, those whose operations do not exist yet included."""
    return TypeAdapter(tuple[ToolRow, ...]).validate_python(orjson.loads(FILE.read_bytes()))
