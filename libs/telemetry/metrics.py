"""Metrics in Prometheus form."""

from prometheus_client import Counter, Histogram, generate_latest

REQUESTS = Counter("salesbooth_requests_total", "Answered calls", ["service", "method", "status"])
SECONDS = Histogram(
    "salesbooth_request_seconds",
    "Time to answer a call",
    ["service"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)


def observe(service: str, method: str, status: int, seconds: float) -> None:
    """Count one answered call."""
    REQUESTS.labels(service, method, str(status)).inc()
    SECONDS.labels(service).observe(seconds)


def exposition() -> bytes:
    """All metrics as text."""
    return generate_latest()
