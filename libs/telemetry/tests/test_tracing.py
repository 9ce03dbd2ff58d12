"""Spans by hand (A12): sampled before they exist, and one trace across processes."""

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from libs.telemetry import tracing
from libs.telemetry.tracing import TraceContext


@pytest.fixture(scope="module")
def recorded() -> InMemorySpanExporter:
    """The spans that the process records from here on."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


def test_an_unsampled_trace_makes_no_span(recorded: InMemorySpanExporter) -> None:
    recorded.clear()
    with tracing.span("nothing", TraceContext(1, 2, sampled=False)) as here:
        assert here.ref == f"trace_{1:032x}"
    assert recorded.get_finished_spans() == ()


def test_a_sampled_trace_goes_on_from_its_parent(recorded: InMemorySpanExporter) -> None:
    recorded.clear()
    parent = TraceContext(7, 8, sampled=True)
    with tracing.span("outer", parent), tracing.span("inner"):
        inside = tracing.current()
    inner, outer = recorded.get_finished_spans()
    assert inside is not None
    assert inner.context is not None
    assert outer.context is not None
    assert inner.context.trace_id == outer.context.trace_id == inside.trace_id == 7
    assert inner.parent is not None
    assert inner.parent.span_id == outer.context.span_id


def test_the_header_form_comes_back_as_it_was() -> None:
    context = TraceContext(2**127 + 5, 2**63 + 9, sampled=True)
    assert tracing.parse(context.traceparent) == context


@pytest.mark.parametrize("text", [None, "", "00-1-2-01", "00-" + "g" * 32 + "-" + "1" * 16 + "-01", "00-" + "0" * 32])
def test_a_malformed_header_starts_a_trace_of_its_own(text: str | None) -> None:
    assert tracing.parse(text) is None


def test_outside_a_call_there_is_no_reference() -> None:
    assert tracing.ref() == ""
