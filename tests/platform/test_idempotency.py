"""One effect and one answer per idempotency key (RULES section 9, A1)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from deploy.installation import Installation
from libs.api.call import Call, Reply
from tests.platform.conftest import caller


async def place(toys: Installation, key: str, item: str = "thing", tenant: str = "t1") -> Reply:
    """Order with an idempotency key."""
    call = Call(
        "POST",
        "/v1/orders",
        headers={"idempotency-key": key},
        body=orjson.dumps({"item": item}),
        principal=caller(tenant),
    )
    return await toys.hosts["shop"].handle(call)


async def orders(toys: Installation, item: str) -> int:
    """How many orders of an item are kept."""
    async with toys.hosts["shop"].runtime.database.worker() as worker:
        return int(await worker.fetchval("SELECT count(*) FROM notes WHERE text = $1", f"order:{item}"))


def data(reply: Reply) -> Any:
    return orjson.loads(reply.encode())["data"]


async def test_a_repeated_request_gets_the_first_answer_with_200(toys: Installation) -> None:
    key = uuid4().hex
    first, second = await place(toys, key), await place(toys, key)
    assert (first.status, second.status) == (201, 200)
    assert data(first) == data(second)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.headers["X-Job-ID"] == first.headers["X-Job-ID"]


async def test_the_same_key_with_another_body_conflicts(toys: Installation) -> None:
    key = uuid4().hex
    await place(toys, key)
    assert (await place(toys, key, "other")).body["code"] == "conflict.idempotency_key_reused"


async def test_a_refusal_is_replayed_as_it_was(toys: Installation) -> None:
    key = uuid4().hex
    first, second = await place(toys, key, "refused"), await place(toys, key, "refused")
    assert (first.status, second.status) == (409, 409)
    assert orjson.loads(second.encode())["ref"] == first.body["ref"]
    assert await orders(toys, "refused") == 0


async def test_100_requests_at_once_have_one_effect_and_one_answer(toys: Installation) -> None:
    key, item = uuid4().hex, uuid4().hex
    replies = await asyncio.gather(*(place(toys, key, item) for _ in range(100)))
    answered = [reply for reply in replies if reply.status < 300]
    assert await orders(toys, item) == 1
    assert len({data(reply)["id"] for reply in answered}) == 1
    assert [reply.status for reply in answered].count(201) == 1
    assert {reply.status for reply in replies} <= {200, 201, 409, 503}


async def test_keys_of_tenants_are_separate(toys: Installation) -> None:
    key = uuid4().hex
    first, second = await place(toys, key), await place(toys, key, tenant="t2")
    assert (first.status, second.status) == (201, 201)


@pytest.mark.parametrize("key", ["", "x" * 65])
async def test_a_key_has_1_to_64_characters(toys: Installation, key: str) -> None:
    assert (await place(toys, key)).body["code"] == "validation_error.bad_request"


async def test_a_key_is_forgotten_after_a_day(toys: Installation) -> None:
    key = uuid4().hex
    await place(toys, key)
    async with toys.hosts["shop"].runtime.database.worker() as worker:
        await worker.execute(
            "UPDATE idempotency SET created_at = created_at - $1::interval WHERE key = $2",
            timedelta(hours=25),
            key,
        )
    assert (await place(toys, key)).status == 201
