"""Operations for people to read."""

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Print one line for each operation."""
    shown = Table(box=None)
    for heading in ("operation", "request", "scopes"):
        shown.add_column(heading, no_wrap=True)
    for row in rows:
        select = "&".join(f"{name}={value}" for name, value in row["select"].items())
        request = f"{row['method']} {row['path']}{'?' if select else ''}{select}"
        shown.add_row(row["id"], request, " ".join(row["scopes"]))
    Console().print(shown)
