"""One key under `paths` for each operation, where several share a method and a path (see `libs.openapi.document`)."""

from collections.abc import Mapping
from typing import Any

from libs.api.operation import Route
from libs.api.routing import ANY


def address(path: str, select: Mapping[str, str], select_in: str) -> str:
    """The key of an operation: `/v1/deals?action=sign`, `/v1/deals?id` or `/v1/mcp#ping`.

    Selectors of the query stand in the query, without a value where any will do. Those of the body follow after `#`,
    which no client sends.
    """
    if select_in == "body":
        return path + "".join(f"#{value}" for value in select.values())
    pairs = [name if value == ANY else f"{name}={value}" for name, value in sorted(select.items())]
    return path + ("?" + "&".join(pairs) if pairs else "")


def routes(row: Mapping[str, Any]) -> list[Route]:
    """Every route of an operation, its own first."""
    own = Route(row["method"], row["path"], row["select"])
    return [own, *(Route(one["method"], one["path"], one["select"]) for one in row["also"])]
