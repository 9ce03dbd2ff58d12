"""The list of all operations, from their declarations."""

from collections.abc import Sequence
from typing import Any

from deploy.services import SERVICES, load
from libs.api.describe import described
from libs.api.operation import Operation

GATEWAY = "gateway"
OWNERS = (*SERVICES, GATEWAY)


def public_operations(owners: Sequence[str] = OWNERS) -> list[dict[str, Any]]:
    """Every operation that clients can call, in the contract's shape, in the order of the services."""
    return [described(one) for owner in owners for one in _declared(owner) if not one.internal]


def _declared(owner: str) -> Sequence[Operation]:
    if owner == GATEWAY:
        from gateway.operations.own import OPERATIONS  # noqa: PLC0415 - an image of a service has no gateway

        return OPERATIONS
    return load(owner).operations
