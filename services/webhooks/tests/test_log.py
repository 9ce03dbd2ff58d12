"""The event log: numbers without gaps, every event once, statuses, reading with a cursor."""

import asyncio
from datetime import UTC, datetime

import pytest

from libs.bus.message import Message
from libs.ids import RandomIds
from services.webhooks.log.intake import Intake, LogWriter
from services.webhooks.tests.receivers import Receiver
from services.webhooks.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")
CONSUMERS = 20


def message(shop: Workspace, number: int, environment: str = "test") -> Message:
    return Message(
        id=f"evt_{shop.client.principal.tenant_id}_{environment}_{number}",
        kind="event",
        name="deal.created",
        target="",
        tenant_id=shop.client.principal.tenant_id,
        environment=environment,
        entity=f"deal:{number}",
        occurred_at=datetime(2026, 3, 9, 10, 30, tzinfo=UTC),
        payload={"id": f"deal_{number}"},
    )


def writer(shop: Workspace) -> LogWriter:
    return LogWriter(shop.runtime.database.worker, shop.system.clock, RandomIds())


class TestSequence:
    """W3."""

    async def test_numbers_have_no_gap_under_many_consumers_at_once(self, shop: Workspace) -> None:
        intakes = [Intake(lambda: None) for _ in range(CONSUMERS)]
        messages = [message(shop, number) for number in range(CONSUMERS * 10)]
        # Each message comes to two consumers, as after a redelivery.
        await asyncio.gather(
            *(
                intakes[(number + shift) % CONSUMERS].store(one, writer(shop))
                for shift in (0, 1)
                for number, one in enumerate(messages)
            )
        )
        numbers = await shop.system.owner.fetch(
            "SELECT sequence FROM webhooks.events WHERE tenant_id = $1 ORDER BY sequence",
            shop.client.principal.tenant_id,
        )
        assert [row["sequence"] for row in numbers] == list(range(1, len(messages) + 1))

    async def test_a_number_is_never_seen_before_a_smaller_one(self, shop: Workspace) -> None:
        seen: list[int] = []
        storing = asyncio.gather(
            *(Intake(lambda: None).store(message(shop, number), writer(shop)) for number in range(CONSUMERS))
        )
        while not storing.done():
            events = await shop.events(f"since_sequence={seen[-1] if seen else 0}")
            seen += [event["event_sequence"] for event in events]
        await storing
        seen += [event["event_sequence"] for event in await shop.events(f"since_sequence={seen[-1] if seen else 0}")]
        assert seen == list(range(1, CONSUMERS + 1))

    async def test_each_environment_counts_for_itself(self, shop: Workspace) -> None:
        intake = Intake(lambda: None)
        await intake.store(message(shop, 1), writer(shop))
        await intake.store(message(shop, 2, "live"), writer(shop))
        live = shop.client.acting_as(environment="live")
        assert [one["event_sequence"] for one in await shop.events()] == [1]
        assert [one["event_sequence"] for one in done(await live.get("/v1/webhooks/events"))["events"]] == [1]

    async def test_one_message_that_cannot_be_written_does_not_take_others_with_it(self, shop: Workspace) -> None:
        intake = Intake(lambda: None)
        broken = message(shop, 2)
        object.__setattr__(broken, "entity", "deal:\x00")
        stored = await asyncio.gather(
            *(intake.store(one, writer(shop)) for one in (message(shop, 1), broken, message(shop, 3))),
            return_exceptions=True,
        )
        assert [one is None for one in stored] == [True, False, True]
        assert [event["event_sequence"] for event in await shop.events()] == [1, 2]


class TestWhatIsLogged:
    async def test_every_event_is_logged_subscribed_to_or_not(self, shop: Workspace) -> None:
        await shop.emit("deal.created", "customer.created")
        await shop.quiet()
        assert [(one["event_type"], one["status"]) for one in await shop.events()] == [
            ("deal.created", "delivered"),
            ("customer.created", "delivered"),
        ]

    async def test_facts_between_services_are_not(self, shop: Workspace) -> None:
        async with shop.transaction() as tx:
            tx.emit("internal.noted", {}, entity=("deal", "deal_1"))
        await shop.quiet()
        assert await shop.events() == []

    async def test_a_delivery_is_made_for_each_endpoint_that_subscribes(
        self, shop: Workspace, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        everything = await shop.register(receiver.url)
        some = await shop.register(other_receiver.url, "deal.closed")
        await shop.emit("deal.created", "deal.closed")
        await shop.quiet()
        assert len(await shop.deliveries(everything["id"])) == 2
        assert [one["event_type"] for one in await shop.deliveries(some["id"])] == ["deal.closed"]
        ids = {one.event["event"]: one.event["id"] for one in receiver.requests}
        assert other_receiver.requests[0].event["id"] == ids["deal.closed"]


class TestStatus:
    async def test_the_four_statuses_and_their_filter(
        self, shop: Workspace, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        good = await shop.register(receiver.url, "deal.created", "deal.closed")
        bad = await shop.register(other_receiver.url, "deal.updated", "deal.closed", "deal.expired")
        other_receiver.answers(*[500] * 6)
        await shop.emit("deal.created", "deal.updated", "deal.closed")
        for _ in range(3):
            await shop.quiet()
            await shop.pass_time(minutes=6)
        other_receiver.answers(500)
        await shop.emit("deal.expired")
        await shop.quiet()
        assert await shop.statuses() == ["delivered", "failed", "partially_delivered", "pending"]
        for number, status in enumerate(await shop.statuses(), start=1):
            assert [one["event_sequence"] for one in await shop.events(f"status={status}")] == [number]
            assert await shop.events(f"status={status}&since_sequence={number}") == []
        assert len(await shop.deliveries(good["id"], "&status=success")) == 2
        assert len(await shop.deliveries(bad["id"], "&status=failed&event_type=deal.closed")) == 1


class TestCursor:
    async def test_pages_follow_each_other_without_gap_or_repeat(self, shop: Workspace) -> None:
        await shop.emit(*["deal.created"] * 5)
        await shop.quiet()
        seen, position, more = [], 0, True
        while more:
            page = done(await shop.client.get(f"/v1/webhooks/events?limit=2&since_sequence={position}"))
            seen += [event["event_sequence"] for event in page["events"]]
            position, more = page["cursor"]["last_sequence"], page["cursor"]["has_more"]
        assert seen == [1, 2, 3, 4, 5]
        end = done(await shop.client.get("/v1/webhooks/events?since_sequence=5"))
        assert end == {"events": [], "cursor": {"last_sequence": 5, "has_more": False}}

    async def test_time_type_and_position_must_all_hold(self, shop: Workspace) -> None:
        await shop.emit("deal.created", "deal.closed")
        await shop.quiet()
        before = shop.system.clock.now().isoformat().replace("+00:00", "Z")
        await shop.pass_time(minutes=1)
        await shop.emit("deal.created", "deal.closed")
        await shop.quiet()
        late = await shop.events(f"since_timestamp={before}")
        assert [event["event_sequence"] for event in late] == [3, 4]
        both = await shop.events(f"since_timestamp={before}&since_sequence=3&event_type=deal.closed")
        assert [event["event_sequence"] for event in both] == [4]
        assert await shop.events(f"since_timestamp={before}&event_type=deal.closed&since_sequence=4") == []
