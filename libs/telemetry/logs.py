"""Structured logs: JSON in containers, readable in a terminal, the trace id on each line, no secrets."""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

from libs.telemetry.tracing import ref

SECRET = re.compile(r"(sb_(?:live|test|pub)_|whsec_|sk_(?:live|test)_|rk_(?:live|test)_)[A-Za-z0-9_]+")
PRIVATE = frozenset({"password", "secret", "authorization", "cookie", "api_key", "email", "phone", "name", "body"})


def _trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if found := ref():
        event["ref"] = found
    return event


def redact(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank secrets inside texts, and whole values under names that hold personal data."""
    for name, value in event.items():
        if name in PRIVATE:
            event[name] = "[redacted]"
        elif isinstance(value, str):
            event[name] = SECRET.sub(r"\1[redacted]", value)
    return event


def _fault(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Where an exception arose and of which type; never its text, in which libraries quote values."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["traceback"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)
        ]
    return event


def configure(level: str = "INFO") -> None:
    """Set the process's logging up once, for our own lines and those of libraries."""
    renderer: Any = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _fault,
        _trace,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    logging.getLogger("aiormq").setLevel("ERROR")
    logging.getLogger("aio_pika").setLevel("ERROR")


def logger(name: str) -> Any:
    """A logger whose lines are events with values: `log.info("delivery_failed", delivery=id)`."""
    return structlog.stdlib.get_logger(name)
