"""Attempts, retries and dead letters."""

from datetime import datetime

import pytest
from aiohttp.test_utils import unused_port

from services.webhooks.tests.conftest import Names
from services.webhooks.tests.receivers import Receiver
from services.webhooks.tests.workspace import Workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")


class TestSuccess:
    @pytest.mark.parametrize("status", [200, 201, 204, 299])
    async def test_a_status_of_the_two_hundreds_succeeds(
        self, shop: Workspace, receiver: Receiver, status: int
    ) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(status)
        await shop.emit("deal.created")
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["status"], delivery["attempts"], delivery["response_code"]) == ("success", 1, status)
        assert delivery["error_message"] is None
        assert datetime.fromisoformat(delivery["delivered_at"]) == shop.system.clock.now()
        assert await shop.statuses() == ["delivered"]


class TestRetries:
    async def test_two_retries_a_minute_and_five_minutes_later_then_a_dead_letter(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500, 502, 503)
        (event_id,) = await shop.emit("deal.created")
        await self._attempt_within(shop, receiver, 0, 0, 1)
        assert await shop.statuses() == ["pending"]
        await self._attempt_within(shop, receiver, 54, 66, 2)
        await self._attempt_within(shop, receiver, 270, 330, 3)
        assert [one.headers["X-Salesbooth-Attempt"] for one in receiver.requests] == ["1", "2", "3"]
        assert len({one.headers["X-Salesbooth-Delivery-Id"] for one in receiver.requests}) == 1
        (dead,) = await shop.dead_letters()
        assert dead["delivery_id"] == receiver.requests[0].headers["X-Salesbooth-Delivery-Id"]
        assert dead["webhook_id"] == made["id"]
        assert dead["event_id"] == event_id
        assert dead["payload"] == receiver.requests[0].event["data"]
        assert (dead["attempts"], dead["max_attempts"], dead["is_replay"]) == (3, 5, False)
        assert (dead["response_code"], dead["error_message"]) == (503, "HTTP 503")
        assert await shop.statuses() == ["failed"]
        await shop.pass_time(days=1)
        await shop.quiet()
        assert len(receiver.requests) == 3

    async def _attempt_within(
        self, shop: Workspace, receiver: Receiver, earliest: float, latest: float, number: int
    ) -> None:
        """The attempt of that number comes between so many seconds after the one before."""
        if earliest:
            await shop.pass_time(seconds=earliest - 0.1)
            await shop.quiet()
            assert len(receiver.requests) == number - 1
            await shop.pass_time(seconds=latest - earliest + 0.2)
        await receiver.got(number)
        await shop.quiet()

    async def test_a_retry_that_succeeds_ends_it(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500)
        await shop.emit("deal.created")
        await shop.quiet()
        await shop.pass_time(seconds=66)
        await receiver.got(2)
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["status"], delivery["attempts"], delivery["error_message"]) == ("success", 2, None)
        assert await shop.dead_letters() == []

    async def test_retry_after_lengthens_the_wait_up_to_a_quarter_of_an_hour(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        await shop.register(receiver.url)
        receiver.answers(429, Retry_After="86400")
        await shop.emit("deal.created")
        await shop.quiet()
        await shop.pass_time(minutes=14, seconds=59)
        await shop.quiet()
        assert len(receiver.requests) == 1
        await shop.pass_time(seconds=1)
        await receiver.got(2)

    async def test_the_extended_schedule_makes_eight_attempts(self, shop: Workspace, receiver: Receiver) -> None:
        await shop.register(receiver.url, retry_schedule="extended")
        receiver.answers(*[500] * 8)
        await shop.emit("deal.created")
        await receiver.got(1)
        for number in range(2, 9):
            await shop.quiet()
            await shop.pass_time(hours=11)
            await receiver.got(number)
        await shop.quiet()
        (dead,) = await shop.dead_letters()
        assert (dead["attempts"], dead["max_attempts"]) == (8, 10)


class TestFailures:
    async def test_a_redirect_is_not_followed(
        self, shop: Workspace, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(307, Location=other_receiver.url)
        await shop.emit("deal.created")
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["response_code"], delivery["error_message"]) == (307, "Redirect not followed")
        assert other_receiver.requests == []

    async def test_the_last_status_stays_beside_a_later_timeout(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500)
        await shop.emit("deal.created")
        await shop.quiet()
        receiver.gate.clear()
        await shop.pass_time(seconds=66)
        await receiver.got(2)
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["response_code"], delivery["error_message"]) == (500, "Connection timeout")

    async def test_nobody_listening_is_a_refused_connection(self, shop: Workspace) -> None:
        made = await shop.register(f"http://127.0.0.1:{unused_port()}/")
        await shop.emit("deal.created")
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["response_code"], delivery["error_message"]) == (None, "Connection refused")
        assert delivery["attempts"] == 1

    async def test_a_host_that_does_not_resolve_is_retried_like_any_failure(self, shop: Workspace) -> None:
        made = await shop.register("https://nowhere.example/")
        await shop.emit("deal.created")
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["status"], delivery["error_message"]) == ("pending", "DNS resolution failed")

    async def test_a_name_that_turns_inward_after_registration_is_refused(
        self, shop: Workspace, receiver: Receiver, names: Names
    ) -> None:
        names.addresses["turncoat.example"] = ["93.184.216.34"]
        port = receiver.url.split(":")[2].split("/")[0]
        made = await shop.register(f"https://turncoat.example:{port}/hook")
        names.addresses["turncoat.example"] = ["93.184.216.34", "169.254.169.254"]
        await shop.emit("deal.created")
        await shop.quiet()
        (delivery,) = await shop.deliveries(made["id"])
        assert (delivery["response_code"], delivery["error_message"]) == (None, "Address not allowed")
        assert receiver.requests == []


class TestGoneAndFailing:
    """A7 and A8."""

    async def test_410_pauses_the_endpoint_with_a_reason(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(410)
        await shop.emit("deal.created")
        await shop.quiet()
        (fact,) = await shop.system.told("internal.webhook_paused", made["id"])
        assert fact["reason"] == "The endpoint answered 410 Gone."
        read = (await shop.client.get(f"/v1/webhooks?id={made['id']}")).data["webhook"]
        assert (read["status"], read["paused_reason"]) == ("paused", fact["reason"])
        resumed = await shop.change(made["id"], status="active")
        assert resumed["webhook"]["paused_reason"] is None
        assert resumed["replay"]["since_sequence"] == 1

    async def test_a_day_of_failures_alerts_once_and_five_days_pause(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url, retry_schedule="extended")
        receiver.answers(*[500] * 100)
        await shop.emit("deal.created")
        await shop.quiet()
        await self._fail_for(shop, hours=23)
        assert await self._alerts(shop, made["id"]) == 0
        await self._fail_for(shop, hours=2)
        assert await self._alerts(shop, made["id"]) == 1
        await self._fail_for(shop, hours=90)
        assert await self._alerts(shop, made["id"]) == 1
        assert (await shop.client.get(f"/v1/webhooks?id={made['id']}")).data["webhook"]["status"] == "active"
        await self._fail_for(shop, hours=6)
        assert await self._alerts(shop, made["id"]) == 1
        read = (await shop.client.get(f"/v1/webhooks?id={made['id']}")).data["webhook"]
        assert (read["status"], read["paused_reason"]) == ("paused", "Every delivery failed for 5 days.")

    async def test_a_success_starts_the_count_again(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500, 200, 500, 500)
        await shop.emit("deal.created")
        await shop.quiet()
        await shop.pass_time(hours=20)
        await shop.quiet()
        await self._fail_for(shop, hours=20)
        assert await self._alerts(shop, made["id"]) == 0

    async def test_one_failure_long_ago_is_no_alert(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500, 500, 500)
        await shop.emit("deal.created")
        await shop.quiet()
        for _ in range(2):
            await shop.pass_time(minutes=6)
            await shop.quiet()
        await shop.pass_time(days=6)
        assert await self._alerts(shop, made["id"]) == 0

    async def _fail_for(self, shop: Workspace, hours: float) -> None:
        await shop.pass_time(hours=hours)
        await shop.emit("deal.created")
        await shop.quiet()

    async def _alerts(self, shop: Workspace, webhook_id: str) -> int:
        await shop.system.run_timer("webhooks", "watch_endpoints")
        return len(await shop.system.told("internal.webhook_failing", webhook_id))
