"""A circuit breaker for each tool and tenant (RULES R179)."""

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.clock import Clock

FAILURES = 5
WINDOW = timedelta(seconds=60)
RECOVERY = timedelta(seconds=30)


class CircuitOpen(Exception):
    """The tool failed too often a moment ago; it is not called now."""


@dataclass
class Attempt:
    """One call of a tool. `failed` stays unset while nothing is known, as when the caller goes away."""

    failed: bool | None = None


@dataclass
class _Circuit:
    failed_at: deque[datetime] = field(default_factory=lambda: deque(maxlen=FAILURES))
    opened_at: datetime | None = None
    probe: Attempt | None = None


class Circuits:
    """The circuits of one process, kept only for tools that failed and have not worked since."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._circuits: dict[tuple[str, str], _Circuit] = {}

    @contextmanager
    def attempt(self, tool: str, tenant_id: str) -> Iterator[Attempt]:
        """Run the body as one call of the tool; CircuitOpen while five failures in a row are less than 30 s old.

        While the circuit is open, only the outcome of the one probe counts.
        """
        key = (tool, tenant_id)
        attempt = Attempt()
        self._admit(key, attempt)
        try:
            yield attempt
        finally:
            self._settle(key, attempt)

    def _admit(self, key: tuple[str, str], attempt: Attempt) -> None:
        circuit = self._circuits.get(key)
        if circuit is None or circuit.opened_at is None:
            return
        if circuit.probe or self._clock.now() - circuit.opened_at < RECOVERY:
            raise CircuitOpen
        circuit.probe = attempt

    def _settle(self, key: tuple[str, str], attempt: Attempt) -> None:
        circuit = self._circuits.get(key)
        is_probe = circuit is not None and circuit.probe is attempt
        if circuit is not None and is_probe:
            circuit.probe = None
        if attempt.failed is None or (circuit is not None and circuit.opened_at and not is_probe):
            return
        if not attempt.failed:
            self._circuits.pop(key, None)
        else:
            self._fail(self._circuits.setdefault(key, _Circuit()))

    def _fail(self, circuit: _Circuit) -> None:
        now = self._clock.now()
        circuit.failed_at.append(now)
        in_a_row = len(circuit.failed_at) == FAILURES and now - circuit.failed_at[0] <= WINDOW
        if circuit.opened_at or in_a_row:
            circuit.opened_at = now
