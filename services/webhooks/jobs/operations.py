"""What can be asked of background jobs; each lives in the service whose saga it is."""

import re
from typing import Annotated

from libs.api.markers import Query
from libs.api.operation import GET, Route, operation
from libs.errors.types import NotFound
from libs.sagas.job_view import JobView
from libs.service.dispatch import UnknownOperation
from libs.service.peers import PeerRefused
from services.webhooks.context import Context

JOB_ID = re.compile(r"job_([a-z]+)_[0-9a-z]+")
NO_SUCH_JOB = (NotFound.code, UnknownOperation.code)


@operation(
    "job_queue.get",
    GET,
    "/v1/queue",
    select={"id": "*"},
    scopes=["queue:read"],
    errors=[NotFound],
    also=[Route(GET, "/v1/job-queue", {"id": "*"})],
)
async def get_job(
    ctx: Context, job_id: Annotated[str, Query("id", "job ID, as found in an X-Job-ID header")]
) -> JobView:
    """Show the state of one background job."""
    named = JOB_ID.fullmatch(job_id)
    if named is None:
        raise NotFound("Job not found")
    try:
        return JobView(**await ctx.services.ask(f"{named[1]}.job", job_id=job_id))
    except PeerRefused as refusal:
        if refusal.code in NO_SUCH_JOB:
            raise NotFound("Job not found") from refusal
        raise
