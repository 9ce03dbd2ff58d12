"""What a scenario works with. Each part is started when it is first asked for."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tests.bench.comparing import Row, Sides, compare
from tests.bench.reference_data import reference
from tests.bench.servers import Servers
from tests.bench.stock import Stock, fill
from tests.bench.topology import Running, running


@dataclass
class Bench:
    """One topology. `seconds` is the length of a window, `folder` the place of homes; `stack` ends what was started."""

    topology: str
    servers: Servers
    folder: Path
    seconds: int
    stack: ExitStack

    @cached_property
    def running(self) -> Running:
        """The system under measurement."""
        return self.stack.enter_context(running(self.topology, self.servers, self.folder / self.topology))

    @cached_property
    def stock(self) -> Stock:
        """What its workspace holds."""
        return fill(self.running.system)

    @cached_property
    def reference(self) -> str:
        """The address of the bare server, which has the same rows."""
        assert self.stock.deals, "there is something to copy"
        dsn = self.servers.url("postgres", f"reference_{self.topology}")
        return self.stack.enter_context(reference(dsn, self.running.database_url))

    def compare(self, name: str, sides: Sides) -> Row:
        """Both sides measured in turn."""
        return compare(Row(name, self.topology), sides, self.seconds)
