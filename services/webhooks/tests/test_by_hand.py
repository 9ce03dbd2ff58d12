"""Tests, replays, manual retries and cleanup."""

from typing import Any

import pytest

from services.webhooks.tests.receivers import Receiver
from services.webhooks.tests.workspace import Workspace
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def dead_letter(shop: Workspace, receiver: Receiver) -> str:
    """A delivery that failed three times."""
    receiver.answers(500, 500, 500)
    await shop.emit("deal.created")
    for _ in range(3):
        await shop.quiet()
        await shop.pass_time(minutes=6)
    await shop.quiet()
    (dead,) = await shop.dead_letters()
    return str(dead["delivery_id"])


class TestTestEvent:
    async def test_it_shows_the_answer_and_leaves_no_trace(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url, "deal.closed")
        result = done(await shop.client.post(f"/v1/webhooks/test?id={made['id']}", {}))
        assert isinstance(result.pop("latency_ms"), int)
        assert result == {
            "success": True,
            "response_code": 200,
            "response_body": "thank you",
            "error_message": None,
            "event_type": "deal.created",
        }
        (arrived,) = receiver.requests
        assert arrived.event["id"].startswith("evt_test_")
        assert arrived.event["data"]["id"] == "deal_abc123"
        assert "X-Salesbooth-Event-Sequence" not in arrived.headers
        assert "X-Salesbooth-Delivery-Id" not in arrived.headers
        assert await shop.events() == []
        assert await shop.deliveries(made["id"]) == []

    async def test_a_failing_endpoint_still_answers_200(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        await shop.change(made["id"], status="paused")
        receiver.answers(500)
        result = done(await shop.client.post(f"/v1/webhooks/test?id={made['id']}", {"event_type": "deal.closed"}))
        assert (result["success"], result["response_code"], result["error_message"]) == (False, 500, "HTTP 500")
        assert result["event_type"] == "deal.closed"

    async def test_a_transport_error_has_no_code(self, shop: Workspace) -> None:
        made = await shop.register("https://nowhere.example/")
        result = done(await shop.client.post(f"/v1/webhooks/test?id={made['id']}", {}))
        assert (result["success"], result["response_code"], result["response_body"]) == (False, None, None)
        assert result["error_message"] == "DNS resolution failed"

    async def test_an_unknown_event_type_is_refused(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        answer = await shop.client.post(f"/v1/webhooks/test?id={made['id']}", {"event_type": "deal.invented"})
        assert answer.faults == {"event_type": "unknown_value"}


class TestReplay:
    async def test_past_events_go_out_again_marked_and_in_order(self, shop: Workspace, receiver: Receiver) -> None:
        ids = await shop.emit("deal.created", "deal.updated", "deal.created", "deal.closed")
        await shop.quiet()
        made = await shop.register(receiver.url, "deal.created", "deal.updated")
        result = await self._replay(shop, made["id"], since_sequence=1)
        assert (result["replayed"], result["webhook_id"], result["has_more"]) == (2, made["id"], False)
        assert [(one["event_id"], one["event_sequence"]) for one in result["events"]] == [(ids[1], 2), (ids[2], 3)]
        arrived = await receiver.got(2)
        assert [one.headers["X-Salesbooth-Delivery-Id"] for one in arrived] == [
            one["delivery_id"] for one in result["events"]
        ]
        assert {one.headers["X-Salesbooth-Replayed"] for one in arrived} == {"true"}
        assert [one.event["id"] for one in arrived] == ids[1:3]

    async def test_a_replay_makes_a_second_delivery_of_the_same_bytes(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.quiet()
        await self._replay(shop, made["id"], since_timestamp="2020-01-01T00:00:00Z")
        first, second = await receiver.got(2)
        assert first.body == second.body
        assert "X-Salesbooth-Replayed" not in first.headers
        await shop.quiet()
        assert len(await shop.deliveries(made["id"], "&status=success")) == 2

    async def test_at_most_a_hundred_by_one_request(self, shop: Workspace, receiver: Receiver) -> None:
        await shop.emit(*["deal.created"] * 101)
        await shop.quiet()
        made = await shop.register(receiver.url)
        first = await self._replay(shop, made["id"], since_sequence=0)
        assert (first["replayed"], first["has_more"]) == (100, True)
        rest = await self._replay(shop, made["id"], since_sequence=first["events"][-1]["event_sequence"])
        assert (rest["replayed"], rest["has_more"]) == (1, False)
        arrived = await receiver.got(101)
        assert [int(one.headers["X-Salesbooth-Event-Sequence"]) for one in arrived] == list(range(1, 102))

    async def test_failed_only_takes_what_failed_and_was_not_made_good(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        await dead_letter(shop, receiver)
        await shop.emit("deal.created")
        await shop.quiet()
        again = await self._replay(shop, made["id"], since_sequence=0, failed_only=True)
        assert [one["event_sequence"] for one in again["events"]] == [1]
        await shop.quiet()
        assert (await self._replay(shop, made["id"], since_sequence=0, failed_only=True))["replayed"] == 0
        assert await shop.statuses() == ["partially_delivered", "delivered"]

    async def test_only_types_that_the_endpoint_subscribes_to(self, shop: Workspace, receiver: Receiver) -> None:
        await shop.emit("deal.created", "deal.closed")
        await shop.quiet()
        made = await shop.register(receiver.url, "deal.created")
        result = await self._replay(shop, made["id"], since_sequence=0, event_type="deal.closed")
        assert result["replayed"] == 0

    async def test_a_start_is_needed_and_a_paused_endpoint_conflicts(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        missing = await shop.client.post("/v1/webhooks/replay", {"webhook_id": made["id"]})
        assert missing.refusal == (400, "validation_error.bad_request")
        await shop.change(made["id"], status="paused")
        paused = await shop.client.post("/v1/webhooks/replay", {"webhook_id": made["id"], "since_sequence": 0})
        assert paused.refusal == (409, "conflict.webhook_paused")
        unknown = await shop.client.post("/v1/webhooks/replay", {"webhook_id": "wh_none", "since_sequence": 0})
        assert unknown.refusal == (404, "not_found")

    async def _replay(self, shop: Workspace, webhook_id: str, **wanted: Any) -> dict[str, Any]:
        result: dict[str, Any] = done(
            await shop.client.post("/v1/webhooks/replay", {"webhook_id": webhook_id, **wanted})
        )
        return result


class TestRetry:
    async def test_one_attempt_at_once_under_the_same_id(self, shop: Workspace, receiver: Receiver) -> None:
        await shop.register(receiver.url)
        delivery_id = await dead_letter(shop, receiver)
        retried = done(await self._retry(shop, delivery_id))["delivery"]
        assert (retried["delivery_id"], retried["status"], retried["attempts"]) == (delivery_id, "success", 4)
        assert (retried["response_code"], retried["error_message"]) == (200, None)
        assert receiver.requests[-1].headers["X-Salesbooth-Attempt"] == "4"
        assert receiver.requests[-1].headers["X-Salesbooth-Delivery-Id"] == delivery_id
        assert "X-Salesbooth-Replayed" not in receiver.requests[-1].headers
        assert await shop.dead_letters() == []
        assert await shop.statuses() == ["delivered"]

    async def test_two_by_hand_and_no_more(self, shop: Workspace, receiver: Receiver) -> None:
        await shop.register(receiver.url)
        delivery_id = await dead_letter(shop, receiver)
        receiver.answers(500, 500)
        for attempts in (4, 5):
            retried = done(await self._retry(shop, delivery_id))["delivery"]
            assert (retried["status"], retried["attempts"]) == ("failed", attempts)
        assert (await self._retry(shop, delivery_id)).refusal == (409, "conflict.max_attempts_reached")
        await shop.pass_time(hours=1)
        await shop.quiet()
        assert len(receiver.requests) == 5

    async def test_only_what_failed_can_be_retried(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        await shop.emit("deal.created")
        await shop.quiet()
        (delivered,) = await shop.deliveries(made["id"])
        assert (await self._retry(shop, delivered["id"])).refusal == (409, "conflict.delivery_not_failed")
        receiver.answers(500)
        await shop.emit("deal.created")
        await shop.quiet()
        (pending,) = await shop.deliveries(made["id"], "&status=pending")
        assert (await self._retry(shop, pending["id"])).refusal == (409, "conflict.delivery_not_failed")
        assert (await self._retry(shop, "whd_none")).refusal == (404, "not_found")

    async def test_an_attempt_by_hand_that_was_never_recorded_is_made_by_the_worker(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        delivery_id = await dead_letter(shop, receiver)
        async with shop.transaction() as tx:
            lapses_at = shop.system.clock.now()
            await tx.deliveries.begin_retry(delivery_id, lapses_at)
            await tx.lanes.look_at(made["id"], lapses_at)
        await shop.pass_time(seconds=0)
        await receiver.got(4)
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["status"], delivery["attempts"]) == ("success", 4)

    async def _retry(self, shop: Workspace, delivery_id: str) -> Answer:
        return await shop.client.post("/v1/webhooks/retry", {"delivery_id": delivery_id})


class TestCleanup:
    async def test_old_delivered_events_go_with_their_deliveries(
        self, shop: Workspace, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        first = await shop.register(receiver.url, "deal.created")
        await shop.register(other_receiver.url, "deal.created")
        await shop.emit("deal.created", "deal.closed")
        await shop.quiet()
        other_receiver.answers(500)
        await shop.emit("deal.created")
        await shop.quiet()
        await shop.change(first["id"], status="paused")
        midnight = shop.system.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        await shop.pass_time(days=30)
        early = await self._clean(shop)
        assert (early["events_deleted"], early["deliveries_deleted"], early["retention_days"]) == (0, 0, 30)
        assert early["cutoff_date"] == midnight.strftime("%Y-%m-%dT%H:%M:%SZ")
        await shop.pass_time(days=1)
        await shop.quiet()
        cleaned = await self._clean(shop)
        # The retry of the third event has succeeded by now, so that every event is delivered.
        assert (cleaned["events_deleted"], cleaned["deliveries_deleted"]) == (3, 4)
        assert await shop.events() == []
        assert (await self._clean(shop))["events_deleted"] == 0
        await shop.emit("deal.closed")
        await shop.quiet()
        assert [event["event_sequence"] for event in await shop.events()] == [4]

    async def test_failed_and_pending_events_stay(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        await dead_letter(shop, receiver)
        receiver.answers(500)
        await shop.emit("deal.created")
        await shop.quiet()
        await shop.change(made["id"], status="paused")
        await shop.pass_time(days=40)
        assert (await self._clean(shop))["events_deleted"] == 0
        assert await shop.statuses() == ["failed", "pending"]

    async def test_the_batch_size_caps_events_and_deliveries_each(
        self, shop: Workspace, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        for url in (receiver.url, other_receiver.url):
            await shop.register(url)
        await shop.emit("deal.created", "deal.created", "deal.created")
        await shop.quiet()
        await shop.pass_time(days=40)
        cleaned = await self._clean(shop, batch_size=5)
        assert (cleaned["events_deleted"], cleaned["deliveries_deleted"]) == (2, 4)
        assert (await self._clean(shop, batch_size=1))["events_deleted"] == 0
        assert (await self._clean(shop, batch_size=2))["events_deleted"] == 1

    async def _clean(self, shop: Workspace, **retention: int) -> dict[str, Any]:
        cleaned: dict[str, Any] = done(await shop.client.post("/v1/webhooks/cleanup", retention))
        return cleaned
