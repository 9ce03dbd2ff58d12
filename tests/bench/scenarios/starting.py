"""How long `salesbooth run` takes until it answers, for the first time and again, with its own PostgreSQL."""

import time
from pathlib import Path
from statistics import median

from tests.bench.bench import Bench
from tests.bench.comparing import Row
from tests.end_to_end.systems import start

AGAIN = 3
OWN_SERVERS = {"DATABASE_URL": "", "AMQP_URL": "", "REDIS_URL": ""}


def starting(bench: Bench) -> list[Row]:
    """The first start makes the database; later ones find it."""
    home = bench.folder / "starting"
    first, *again = [_seconds(home) for _ in range(1 + AGAIN)]
    return [
        Row("start_first", "embedded", p50_ms=first * 1000),
        Row("start_again", "embedded", p50_ms=median(again) * 1000),
    ]


def _seconds(home: Path) -> float:
    (home / "credentials.json").unlink(missing_ok=True)
    began = time.perf_counter()
    system = start("run", home, **OWN_SERVERS)
    seconds = time.perf_counter() - began
    system.stop()
    return seconds
