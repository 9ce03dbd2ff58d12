"""The view of background jobs."""

import asyncio

import pytest

from libs.sagas.job_view import state_of
from libs.sagas.saga import Progress, State
from services.webhooks.tests.workspace import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def job_of(shop: Workspace, job_id: str) -> Answer:
    return await shop.client.get(f"/v1/queue?id={job_id}")


class TestJob:
    async def test_it_is_found_by_the_id_of_the_header(self, shop: Workspace) -> None:
        job_id = (await shop.client.post("/v1/orders", {"item": "book"})).headers["X-Job-ID"]
        async with asyncio.timeout(10):
            while done(await job_of(shop, job_id))["state"] == "processing":
                await shop.system.settle()
        job = done(await job_of(shop, job_id))
        assert (job["job_id"], job["type"], job["state"]) == (job_id, "shop.order_saga", "completed")
        assert (job["attempts"], job["max_attempts"], job["last_error"]) == (1, 4, None)
        assert job["completed_at"] >= job["started_at"] >= job["created_at"]
        assert job["next_attempt_at"] is None
        assert done(await shop.client.get(f"/v1/job-queue?id={job_id}")) == job

    async def test_other_tenants_do_not_see_it(self, shop: Workspace) -> None:
        job_id = (await shop.client.post("/v1/orders", {"item": "book"})).headers["X-Job-ID"]
        stranger = shop.client.acting_as(tenant_id="us_tenant_stranger")
        assert (await stranger.get(f"/v1/queue?id={job_id}")).refusal == (404, "not_found")

    @pytest.mark.parametrize("job_id", ["job_shop_none", "job_nobody_x1", "job_x", "deal_1"])
    async def test_an_unknown_id_is_not_found(self, shop: Workspace, job_id: str) -> None:
        assert (await job_of(shop, job_id)).refusal == (404, "not_found")

    async def test_it_needs_the_queue_scope(self, shop: Workspace) -> None:
        answer = await shop.client.acting_as(scopes=("webhooks:read",)).get("/v1/queue?id=job_shop_x")
        assert answer.refusal == (403, "authorization_error.insufficient_scope")


@pytest.mark.parametrize(
    ("state", "waiting", "shown"),
    [
        ("running", False, "processing"),
        ("running", True, "pending"),
        ("compensating", False, "processing"),
        ("compensating", True, "pending"),
        ("completed", False, "completed"),
        ("compensated", False, "dead_lettered"),
        ("dead", False, "dead_lettered"),
    ],
)
async def test_states_of_sagas_as_states_of_jobs(state: State, waiting: bool, shown: str) -> None:
    assert state_of(Progress(state=state, waiting=waiting)) == shown
