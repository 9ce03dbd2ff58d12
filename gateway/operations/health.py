"""What can be asked about the system's health."""

from typing import Annotated, Literal

from gateway.health import Checks
from gateway.operations.context import Context
from libs.api.answers import Answer
from libs.api.fields import Output
from libs.api.markers import Query
from libs.api.operation import GET, NONE, operation
from libs.clock import iso
from libs.errors.types import RateLimited

RETRY_AFTER_SECONDS = 5


class Health(Output):
    """A report on the system; `checks` is absent from the answer that checks nothing."""

    status: Literal["healthy", "unhealthy"]
    checks: Checks | None
    timestamp: str


@operation("health.check", GET, "/v1/health", auth=[NONE], envelope=False, limit="health", errors=[RateLimited])
async def check_health(
    ctx: Context, probe: Annotated[Literal["liveness", "readiness"] | None, Query("type")] = None
) -> Answer[Health]:
    """Report health.

    The full report always has the status 200; `type=readiness` has 503 while a part that calls depend on is away,
    because load balancers route by status; `type=liveness` checks nothing.
    """
    if probe == "liveness":
        return Answer(Health(status="healthy", checks=None, timestamp=iso(ctx.now)))
    checks = (await ctx.health.report()).checks
    healthy = checks.healthy and not ctx.manifests.unknown
    health = Health(status="healthy" if healthy else "unhealthy", checks=checks, timestamp=iso(ctx.now))
    if probe == "readiness" and not healthy:
        return Answer(health, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return Answer(health)
