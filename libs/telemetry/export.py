"""Where recorded spans go: an OpenTelemetry collector, where one is configured."""

from opentelemetry import trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON

from libs.telemetry.tracing import sample


def start(process: str, endpoint: str, ratio: float) -> TracerProvider | None:
    """Record the given share of traces and send them to an OTLP endpoint over HTTP; nothing is recorded without one.

    What is recorded was chosen before a span object exists (A12), so the provider itself samples everything. Call
    `shutdown` on the result to send what is left.
    """
    if not endpoint or not ratio:
        return None
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - slow to import

    provider = TracerProvider(sampler=ALWAYS_ON, resource=Resource.create({"service.name": f"salesbooth-{process}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    trace.set_tracer_provider(provider)
    sample(ratio)
    return provider
