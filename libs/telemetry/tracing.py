"""Spans by hand at four places: gateway, operation, transaction, message; sampled before a span object exists (A12)."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

_random = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Where a call stands in a trace (W3C Trace Context)."""

    trace_id: int
    span_id: int
    sampled: bool

    @property
    def ref(self) -> str:
        """The reference that errors show (R19)."""
        return f"trace_{self.trace_id:032x}"

    @property
    def traceparent(self) -> str:
        """The header form, `00-trace-span-flags`."""
        return f"00-{self.trace_id:032x}-{self.span_id:016x}-{'01' if self.sampled else '00'}"


_current: ContextVar[TraceContext | None] = ContextVar("trace", default=None)
_ratio: float = 0.0


def sample(ratio: float) -> None:
    """Set the share of new traces that are recorded, 0 to 1."""
    global _ratio  # noqa: PLW0603 - one setting of the whole process
    _ratio = ratio


def current() -> TraceContext | None:
    """The trace of the running task."""
    return _current.get()


def ref() -> str:
    """The reference of the running call, or an empty text outside any."""
    found = _current.get()
    return found.ref if found else ""


def parse(traceparent: str | None) -> TraceContext | None:
    """The context of a `traceparent` header, or None where it is absent or malformed."""
    parts = (traceparent or "").split("-")
    if len(parts) != 4 or [len(part) for part in parts[:4]] != [2, 32, 16, 2]:
        return None
    try:
        trace_id, span_id, flags = (int(part, 16) for part in parts[1:])
    except ValueError:
        return None
    return TraceContext(trace_id, span_id, bool(flags & 1)) if trace_id and span_id else None


def fresh() -> TraceContext:
    """A new trace; whether it is recorded is decided here."""
    return TraceContext(_random.getrandbits(128) or 1, _random.getrandbits(64) or 1, _random.random() < _ratio)


@contextmanager
def span(name: str, parent: TraceContext | None = None, **attributes: Any) -> Iterator[TraceContext]:
    """Run a block as one span; an unsampled one costs two context switches and no object."""
    above = parent or _current.get() or fresh()
    if not above.sampled:
        token = _current.set(above)
        try:
            yield above
        finally:
            _current.reset(token)
        return
    context = trace.set_span_in_context(
        NonRecordingSpan(SpanContext(above.trace_id, above.span_id, is_remote=True, trace_flags=TraceFlags(1)))
    )
    with trace.get_tracer("salesbooth").start_as_current_span(
        name, context=context, kind=SpanKind.INTERNAL, attributes=attributes
    ) as recorded:
        inner = recorded.get_span_context()
        here = TraceContext(inner.trace_id, inner.span_id, True)
        token = _current.set(here)
        try:
            yield here
        finally:
            _current.reset(token)
