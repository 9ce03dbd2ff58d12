"""Every operation that a client can reach, and what tests want to know of its declaration."""

from collections.abc import Iterable

import pytest

from deploy.services import load_all
from gateway.operations.own import OPERATIONS as OF_THE_GATEWAY
from libs.api.markers import RawBody
from libs.api.operation import NONE, PROVIDER, Operation, Route

SERVED = [one for service in load_all() for one in service.operations if not one.internal]
DECLARED = [*SERVED, *OF_THE_GATEWAY]


def each(operations: Iterable[Operation]) -> pytest.MarkDecorator:
    """One test for each of the operations, named by its id."""
    return pytest.mark.parametrize("operation", list(operations), ids=lambda one: one.id)


def routes_of(operation: Operation) -> list[Route]:
    """Every address of an operation, its own first."""
    return [Route(operation.method, operation.path, operation.select), *operation.also]


def open_to_all(operation: Operation) -> bool:
    """Whether it takes calls without a credential; a provider's signature is its own affair."""
    return NONE in operation.auth or PROVIDER in operation.auth


def takes_raw_body(operation: Operation) -> bool:
    """Whether it reads the body by itself, and refuses it in its protocol's own way."""
    return any(isinstance(marker, RawBody) for marker in operation.binding.scalars.values())


def takes_fields(operation: Operation) -> bool:
    """Whether it has a JSON body whose fields are checked."""
    return operation.binding.body is not None
