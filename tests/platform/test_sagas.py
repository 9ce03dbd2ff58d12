"""Sagas over both transports: completed or fully compensated, whatever fails."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import orjson
import pytest

from deploy.installation import Installation
from libs.api.call import Call
from libs.sagas import store
from libs.sagas.store import SagaRow
from tests.platform.conftest import caller, opened
from tests.platform.toys.depot.service import FAULTS


async def order(installation: Installation, item: str) -> str:
    """Place an order; returns the job's id."""
    body = orjson.dumps({"item": item})
    reply = await installation.hosts["shop"].handle(Call("POST", "/v1/orders", body=body, principal=caller()))
    assert reply.status == 201, reply.body
    return reply.headers["X-Job-ID"]


async def eventually(probe: Callable[[], Awaitable[Any]], seconds: float = 15) -> Any:
    """What the probe gives once that is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not (found := await probe()):
        assert asyncio.get_running_loop().time() < deadline, "it did not come about in time"
        await asyncio.sleep(0.02)
    return found


async def outcome(installation: Installation, job: str) -> SagaRow:
    """The saga once it is over."""

    async def over() -> SagaRow | None:
        async with installation.hosts["shop"].runtime.database.worker() as worker:
            row = await store.read(worker, job)
        return row if row and row.progress.over else None

    found: SagaRow = await eventually(over)
    return found


class SagaCases:
    """Run over each transport by a subclass."""

    @pytest.fixture
    def item(self) -> str:
        return uuid4().hex

    async def test_every_step_runs_once_and_in_order(self, installation: Installation, item: str) -> None:
        row = await outcome(installation, await order(installation, item))
        assert row.progress.state == "completed"
        assert row.progress.data["reserved"] == item
        assert [one for one in FAULTS.ran if item in one] == [f"reserve:{item}", f"ship:{item}"]

    async def test_a_failing_step_is_retried(self, installation: Installation, item: str) -> None:
        FAULTS.failures[f"reserve:{item}"] = 2
        row = await outcome(installation, await order(installation, item))
        assert row.progress.state == "completed"
        assert FAULTS.ran.count(f"reserve:{item}") == 1

    async def test_a_refused_step_is_not_retried_and_undoes_nothing(
        self, installation: Installation, item: str
    ) -> None:
        FAULTS.refused.add(f"reserve:{item}")
        row = await outcome(installation, await order(installation, item))
        assert row.progress.state == "compensated"
        assert "out_of_stock" in (row.progress.error or "")
        assert f"release:{item}" not in FAULTS.ran

    async def test_a_refused_pivot_compensates_what_was_done(self, installation: Installation) -> None:
        row = await outcome(installation, await order(installation, "unconfirmable"))
        assert row.progress.state == "compensated"
        assert FAULTS.ran[-2:] == ["reserve:unconfirmable", "release:unconfirmable"]

    async def test_a_step_after_the_pivot_is_put_aside_and_never_undone(
        self, installation: Installation, item: str
    ) -> None:
        FAULTS.failures[f"ship:{item}"] = 100
        row = await outcome(installation, await order(installation, item))
        assert row.progress.state == "dead"
        assert f"release:{item}" not in FAULTS.ran

    async def test_retries_are_exhausted_before_compensation(self, installation: Installation, item: str) -> None:
        FAULTS.failures[f"reserve:{item}"] = 100
        row = await outcome(installation, await order(installation, item))
        assert row.progress.state == "compensated"
        assert FAULTS.failures[f"reserve:{item}"] == 96

    async def test_outboxes_are_drained_afterwards(self, installation: Installation, item: str) -> None:
        await outcome(installation, await order(installation, item))

        async def drained() -> bool:
            counts = []
            for host in installation.hosts.values():
                async with host.runtime.database.worker() as worker:
                    counts.append(await worker.fetchval("SELECT count(*) FROM outbox WHERE entity NOT LIKE 'job:%'"))
            return not any(counts)

        await eventually(drained)


class TestSagasInProcess(SagaCases):
    @pytest.fixture
    async def installation(self, postgres_url: str) -> AsyncIterator[Installation]:
        async for one in opened(postgres_url):
            yield one


class TestSagasOverRabbit(SagaCases):
    @pytest.fixture
    async def installation(self, postgres_url: str, amqp_url: str) -> AsyncIterator[Installation]:
        async for one in opened(postgres_url, amqp_url):
            yield one
