"""Serves the gateway's own operations: routing, admission, inputs and rendering as in a service, and nothing else."""

from gateway.health import SystemHealth
from gateway.manifests import Manifests
from gateway.operations import description, health
from gateway.operations.context import Context
from libs.api.admission import admitted
from libs.api.call import Call, Reply
from libs.api.describe import manifest
from libs.api.operation import Operation
from libs.api.routing import Router
from libs.clock import Clock
from libs.errors.types import ApiError
from libs.service.pipeline import render_error, reply_of

NAME = "gateway"
OPERATIONS: tuple[Operation, ...] = tuple(one.owned_by(NAME) for one in (health.check_health, description.describe_api))
MANIFEST = manifest(NAME, OPERATIONS)


class OwnOperations:
    """The gateway as a service of its own."""

    def __init__(self, manifests: Manifests, health: SystemHealth, clock: Clock, public_root: str) -> None:
        self._manifests, self._health = manifests, health
        self._clock, self._public_root = clock, public_root
        self._router = Router(OPERATIONS)

    async def handle(self, call: Call) -> Reply:
        """The reply to a call."""
        try:
            match = self._router.match(call.method, call.path, call.query_values)
            one = match.operation
            admitted(one.auth, one.scopes, call.principal)
            arguments = one.binding.arguments(call, match.path_values)
            context = Context(self._clock.now(), self._manifests, self._health, self._public_root)
            return reply_of(one, await one.handler(context, **arguments), arguments)
        except ApiError as error:
            return render_error(error, call)
