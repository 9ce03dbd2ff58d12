"""Where recorded spans go: an OpenTelemetry collector, where one is configured."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry import trace

from libs.telemetry.tracing import sample


@asynccontextmanager
async def exporting(process: str, endpoint: str, ratio: float) -> AsyncIterator[None]:
    """Record the given share of traces and send them to an OTLP endpoint over HTTP; nothing is recorded without one.

    What is recorded was chosen before a span object exists (A12), so the provider itself samples everything. What is
    left at the end is sent then.
    """
    if not endpoint or not ratio:
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - slow to import
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": f"salesbooth-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    sample(ratio)
    try:
        yield
    finally:
        await asyncio.to_thread(provider.shutdown)
