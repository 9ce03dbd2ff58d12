"""Which operations there are: learned from the services' own manifests, and kept up to date."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from gateway.breaker import UpstreamUnavailable
from gateway.upstreams import Upstream
from libs.api.describe import Entry, entries
from libs.api.routing import Router
from libs.telemetry.logs import logger

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class RefreshTimes:
    """Seconds between two rounds: when every service is known, when one is not, and at the least."""

    settled: float = 30.0
    searching: float = 2.0
    least: float = 5.0


class Manifests:
    """The gateway's own manifest, and the last known one of each service.

    A service that goes away keeps its paths, so that they are answered 503 and not 404. One that was never seen has
    none yet; as long as there is such a one, nobody can say that a path does not exist.
    """

    def __init__(
        self, own: Mapping[str, Any], upstreams: Mapping[str, Upstream], times: RefreshTimes | None = None
    ) -> None:
        self._own, self._upstreams = own, upstreams
        self._times = times or RefreshTimes()
        self._known: dict[str, Mapping[str, Any]] = {}
        self._wanted = asyncio.Event()
        self._build()

    @property
    def unknown(self) -> list[str]:
        """Services that no manifest has come from yet."""
        return [name for name in self._upstreams if name not in self._known]

    def suspect(self) -> None:
        """Look again soon: somebody asked for a path that nobody has."""
        self._wanted.set()

    async def refresh(self) -> None:
        """Ask every service once."""
        found = await asyncio.gather(*(self._ask(name, one) for name, one in self._upstreams.items()))
        if any(found):
            self._build()

    async def keep_fresh(self) -> None:
        """Refresh for ever."""
        while True:
            pause = self._times.searching if self.unknown else self._times.settled
            await asyncio.sleep(min(self._times.least, pause))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), pause)
            self._wanted.clear()
            await self.refresh()

    def _build(self) -> None:
        told = entries([self._own, *self._known.values()])
        self.entries: list[Entry] = [one for one in told if not one.path.startswith("/internal")]
        self.router: Router[Entry] = Router(self.entries)

    async def _ask(self, name: str, upstream: Upstream) -> bool:
        """Whether there was something new."""
        try:
            told = await upstream.manifest()
        except UpstreamUnavailable:
            log.warning("manifest_not_available", service=name)
            return False
        if self._known.get(name) == told:
            return False
        self._known[name] = told
        return True
