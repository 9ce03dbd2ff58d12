"""Where the services listen, as one environment variable: `identity=http://a:7001|http://b:7001,deals=http://c:7002`."""

from collections.abc import Mapping, Sequence

from deploy.configuration import Misconfigured

VARIABLE = "SALESBOOTH_SERVICES"

Addresses = Mapping[str, Sequence[str]]
"""Service name to the addresses of its processes."""


def written(addresses: Addresses) -> str:
    """The variable's text."""
    return ",".join(f"{name}={'|'.join(places)}" for name, places in addresses.items())


def read(environment: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """The addresses of an environment. Raises Misconfigured where the variable is missing or malformed."""
    text = environment.get(VARIABLE, "")
    found = dict(_entry(part) for part in text.split(",") if part.strip())
    if not found:
        raise Misconfigured(f"Set {VARIABLE} to the addresses of the services: identity=http://127.0.0.1:7001,...")
    return found


def _entry(text: str) -> tuple[str, tuple[str, ...]]:
    name, equals, places = text.strip().partition("=")
    addresses = tuple(place.strip().rstrip("/") for place in places.split("|") if place.strip())
    if not (name and equals and addresses):
        raise Misconfigured(f"{VARIABLE}: `{text}` is not of the form name=http://host:port")
    return name, addresses
