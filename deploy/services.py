"""The one list of services; every way of running the system reads it."""

from importlib import import_module

from libs.service.definition import Service

SERVICES = ("identity", "customers", "catalog", "deals", "payments", "webhooks", "federation", "agents")


def load(name: str) -> Service:
    """The definition of a service."""
    service: Service = import_module(f"services.{name}.service").SERVICE
    return service


def load_all() -> list[Service]:
    """Every service, in the order of the list."""
    return [load(name) for name in SERVICES]
