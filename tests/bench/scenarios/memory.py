"""Resident memory of a system that was just started and has nothing to do."""

from tests.bench.bench import Bench
from tests.bench.comparing import Row, Share
from tests.bench.machine import SERVERS


def idle_memory(bench: Bench) -> list[Row]:
    """`rss_mb` sums up our own processes; each is in the list."""
    processes = bench.running.processes
    processes.settle()
    memory = processes.memory()
    own = sum(megabytes for name, megabytes in memory.items() if name not in SERVERS)
    shares = {name: Share(None, megabytes) for name, megabytes in memory.items()}
    return [Row("idle_memory", bench.topology, rss_mb=own, processes=shares)]
