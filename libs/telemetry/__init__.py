"""Traces, metrics and logs: spans at four places (A12), Prometheus metrics, structured logs without PII or secrets."""
