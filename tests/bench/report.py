"""What is printed and kept of the result."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from tests.bench.comparing import Row, Share
from tests.bench.targets import judged

LATEST = Path(".bench/latest.json")
SHOWN_CPU_MS = 0.005
FIGURES = ("rps", "p50_ms", "p99_ms", "bare_rps", "ratio", "cpu_ms", "rss_mb", "others")


def keep(rows: Sequence[Row], path: Path = LATEST) -> None:
    """Write the rows as JSON, rounded to what a measurement can tell."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps([_rounded(asdict(row)) for row in rows], option=orjson.OPT_INDENT_2))


def show(console: Console, rows: Sequence[Row]) -> None:
    """The figures, the processes behind them, and the targets."""
    figures = ({"scenario": row.scenario, "topology": row.topology, **_texts(row)} for row in rows)
    console.print(_table("Medians", figures))
    console.print(_table("CPU ms a request / resident MB", map(_processes, rows)))
    console.print(_table("Targets", judged(rows)))


def told(row: Row) -> str:
    """A row in one line, for whoever waits."""
    parts = [f"{name} {text}" for name, text in _texts(row).items() if text]
    return f"{row.topology} {row.scenario}: {', '.join(parts)}"


def _texts(row: Row) -> dict[str, str]:
    return {name: _text(getattr(row, name)) for name in FIGURES}


def _processes(row: Row) -> Mapping[str, str]:
    busy = {
        name: share for name, share in row.processes.items() if share.cpu_ms is None or share.cpu_ms >= SHOWN_CPU_MS
    }
    line = ", ".join(f"{name} {_share(share)}" for name, share in sorted(busy.items()))
    return {"scenario": row.scenario, "topology": row.topology, "processes": line}


def _share(share: Share) -> str:
    return "/".join(_text(value) or "-" for value in (share.cpu_ms, share.rss_mb))


def _text(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def _table(title: str, lines: Iterable[Mapping[str, str]]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, line in enumerate(lines):
        if number == 0:
            for name in line:
                table.add_column(name)
        table.add_row(*line.values())
    return table


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    return round(value, 3) if isinstance(value, float) else value
