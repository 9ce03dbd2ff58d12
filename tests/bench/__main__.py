"""`python -m tests.bench`: measure, show, keep in `.bench/latest.json`. See README.md for how to read it."""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console

from deploy.processes.binaries import ProgramMissing
from tests.bench import large, report, wrk
from tests.bench.bench import Bench
from tests.bench.comparing import Row
from tests.bench.machine import load_average
from tests.bench.scenarios.table import BOTH, SCENARIOS, Scenario
from tests.bench.servers import servers_for

console = Console(width=160)


def main() -> int:
    """0 when measured, 1 with a sentence where something is missing."""
    asked = _arguments()
    try:
        wrk.program()
        rows = list(_measured(asked))
    except (wrk.Unmeasured, ProgramMissing) as failure:
        print(failure, file=sys.stderr)
        return 1
    report.show(console, rows)
    report.keep(rows)
    console.print(f"Load of the machine: {load_average()}. Kept in {report.LATEST}.")
    return 0


def _measured(asked: argparse.Namespace) -> Iterator[Row]:
    """Each scenario in each topology, told as it comes."""
    topologies = list(BOTH) if asked.topology == "both" else [asked.topology]
    scenarios = {large.NAME: large.SCENARIO} if asked.large else SCENARIOS
    wanted = asked.scenario or list(scenarios)
    console.print(f"Load of the machine: {load_average()}.")
    with tempfile.TemporaryDirectory(prefix="salesbooth-bench-") as folder, servers_for(topologies) as servers:
        for topology in topologies:
            with ExitStack() as stack:
                bench = Bench(topology, servers, Path(folder), asked.seconds, stack)
                for name in wanted:
                    if topology in scenarios[name].topologies:
                        yield from _told(name, scenarios[name], bench)


def _told(name: str, scenario: Scenario, bench: Bench) -> Iterator[Row]:
    """The rows of one scenario; one that cannot be measured leaves the others alone."""
    try:
        for row in scenario.measure(bench):
            console.print(report.told(row), highlight=False)
            yield row
    except wrk.Unmeasured as failure:
        console.print(f"{bench.topology} {name} was not measured: {failure}", markup=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tests.bench", description="Measure the system beside a bare server.")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="one scenario, and so on; else all")
    parser.add_argument("--topology", choices=(*BOTH, "both"), default="both")
    parser.add_argument("--seconds", type=int, default=1, help="length of each of the windows of a scenario")
    parser.add_argument("--large", action="store_true", help="instead: the cost of a request as deals become a million")
    asked = parser.parse_args()
    if asked.large and asked.scenario:
        parser.error("--large is a scenario of its own")
    return asked


if __name__ == "__main__":
    sys.exit(main())
