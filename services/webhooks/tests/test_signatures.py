"""Signatures of real deliveries: the documented vectors, ready-made verifiers, and the overlap after a rotation."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

from libs.clock import SystemClock
from libs.outbound.signing import sign, verify
from services.webhooks.endpoints.secrets import seal
from services.webhooks.tests.receivers import Received, Receiver
from services.webhooks.tests.workspace import Workspace
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")

SECRET = "whsec_test_3f9c1b7ea2d84c5590e6f1d2b7a8c4e3"
PREVIOUS = "whsec_test_0d5e8a6612c74f3b9b71a4c0e9f82d16"
CREATED = {
    "id": "deal_abc123",
    "customer_id": "cust_xxxxx",
    "status": "draft",
    "currency": "USD",
    "subtotal": "0.00",
    "total": "0.00",
    "created_at": "2026-03-09T10:30:00Z",
}
PROPOSED = {
    "deal_id": "deal_abc123",
    "round_number": 1,
    "proposer": "agent",
    "proposed_terms": {"discount_percent": 15, "payment_terms": "net_30"},
    "message": "Volume order — requesting 15% discount",
    "expires_at": "2026-03-16T14:00:00Z",
}


async def set_clock(shop: Workspace, moment: datetime) -> None:
    shop.system.clock.advance(moment - shop.system.clock.now())


async def set_secrets(shop: Workspace, webhook_id: str) -> None:
    """Give an endpoint the secrets of the worked example, in place of its random ones."""
    tenant_id = shop.client.principal.tenant_id
    async with shop.transaction() as tx:
        cipher = await shop.runtime.ports.vault.cipher(tx, tenant_id)
        await tx.execute(
            "UPDATE endpoints SET secret = $2, previous_secret = $3, previous_secret_expires_at = $4 WHERE id = $1",
            webhook_id,
            seal(cipher, webhook_id, SECRET),
            seal(cipher, webhook_id, PREVIOUS),
            shop.system.clock.now() + timedelta(hours=24),
        )


async def deliver_at(
    shop: Workspace, event: tuple[str, str, dict[str, Any]], happened: datetime, sent: datetime
) -> None:
    """Let an event happen at one moment and be sent (again) at another."""
    event_id, name, data = event
    await set_clock(shop, happened)
    async with shop.transaction() as tx:
        tx.send("event", name, data, entity=("deal", "deal_abc123"), message_id=event_id)
    await shop.quiet()
    await set_clock(shop, sent)


class TestWorkedExample:
    """webhook_delivery.md, section 4."""

    async def test_both_vectors_arrive_byte_for_byte(self, fresh: Workspace, receiver: Receiver) -> None:
        made = await fresh.register(receiver.url)
        await set_secrets(fresh, made["id"])
        first = ("evt_abc123", "deal.created", CREATED)
        await deliver_at(
            fresh, first, datetime(2026, 3, 9, 10, 30, tzinfo=UTC), datetime(2026, 3, 9, 10, 30, 5, tzinfo=UTC)
        )
        done(await fresh.client.post("/v1/webhooks/replay", {"webhook_id": made["id"], "since_sequence": 0}))
        vector = (await receiver.got(2))[1]
        assert vector.headers["X-Salesbooth-Timestamp"] == "1773052205"
        assert len(vector.body) == 236
        assert (
            hashlib.sha256(vector.body).hexdigest()
            == "d8867073133d341aba68715069cdb525e0f0d5ba527d6b2a1be6f24947ba10bd"
        )
        assert (
            vector.headers["X-Salesbooth-Signature"]
            == "v1=1d26028349cf548748540627e0cd48deacca3bc34b2926b76c887add3abfff1b"
        )
        assert (
            vector.headers["X-Salesbooth-Signature-Previous"]
            == "v1=61cb5be2c067ce657e366ba0a9b7cfbe9fb96c7884f269ccce496f11cea524cf"
        )
        second = ("evt_pqr678", "negotiation.proposed", PROPOSED)
        await fresh.quiet()
        await deliver_at(fresh, second, datetime(2026, 3, 9, 14, tzinfo=UTC), datetime.fromtimestamp(1773064802, UTC))
        done(await fresh.client.post("/v1/webhooks/replay", {"webhook_id": made["id"], "since_sequence": 1}))
        vector = (await receiver.got(4))[3]
        assert len(vector.body) == 310
        assert (
            hashlib.sha256(vector.body).hexdigest()
            == "c17b18d0bb53628b1e2990f22a6b70bf88b1defba47579be38c6f6bd8a3de36f"
        )
        assert (
            vector.headers["X-Salesbooth-Signature"]
            == "v1=64f449ecf49749606c1378fe41b86c1cb8a2867001c0a7cde3bc72ce216051ea"
        )
        await fresh.quiet()

    async def test_a_ready_made_verifier_accepts_a_delivery(self, fresh: Workspace, receiver: Receiver) -> None:
        await set_clock(fresh, SystemClock().now())
        made = await fresh.register(receiver.url)
        await fresh.emit("deal.created")
        (arrived,) = await receiver.got(1)
        checked = Webhook(made["secret"]).verify(arrived.body, dict(arrived.headers))
        assert checked["event"] == "deal.created"
        await fresh.quiet()


class TestRequest:
    async def test_body_and_headers_are_the_documented_ones(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        (event_id,) = await shop.emit("deal.created")
        (arrived,) = await receiver.got(1)
        await shop.quiet()
        assert list(arrived.event) == ["id", "event", "created_at", "data"]
        assert arrived.event["id"] == event_id
        assert datetime.fromisoformat(arrived.event["created_at"]).microsecond == 0
        assert arrived.event["created_at"].endswith("Z")
        (delivery,) = await shop.deliveries(made["id"])
        expected = {
            "Content-Type": "application/json",
            "User-Agent": "Salesbooth-Webhooks/1.0",
            "X-Salesbooth-Event": "deal.created",
            "X-Salesbooth-Event-Id": event_id,
            "X-Salesbooth-Event-Sequence": "1",
            "X-Salesbooth-Delivery-Id": delivery["delivery_id"],
            "X-Salesbooth-Attempt": "1",
            "webhook-id": event_id,
            "webhook-timestamp": arrived.headers["X-Salesbooth-Timestamp"],
        }
        assert {name: arrived.headers[name] for name in expected} == expected
        signed = {"X-Salesbooth-Signature", "X-Salesbooth-Timestamp", "webhook-signature"}
        assert set(arrived.headers) == expected.keys() | signed | {"Host", "Content-Length"}

    async def test_every_attempt_is_signed_anew_over_the_same_bytes(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500)
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.quiet()
        await shop.pass_time(seconds=66)
        first, second = await receiver.got(2)
        assert first.body == second.body
        stamps = [int(one.headers["X-Salesbooth-Timestamp"]) for one in (first, second)]
        assert stamps[1] - stamps[0] == 66
        for one in (first, second):
            assert self._signed_by(made["secret"], one)

    def _signed_by(self, secret: str, received: Received) -> bool:
        stamp = int(received.headers["X-Salesbooth-Timestamp"])
        return verify([secret], received.headers, received.body, datetime.fromtimestamp(stamp, UTC))


class TestRotation:
    """W57 to W60."""

    async def test_the_new_secret_signs_at_once_and_the_old_one_beside_it_for_a_day(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500)
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.quiet()
        rotated = done(await shop.client.post(f"/v1/webhooks/rotate_secret?id={made['id']}"))
        assert rotated["webhook_id"] == made["id"]
        assert rotated["secret"] != made["secret"]
        expires = datetime.fromisoformat(rotated["previous_secret_expires_at"])
        assert expires - datetime.fromisoformat(rotated["rotated_at"]) == timedelta(hours=24)
        await shop.pass_time(seconds=66)
        retried = (await receiver.got(2))[1]
        assert signatures(retried) == expected_signatures(retried, rotated["secret"], made["secret"])
        await shop.quiet()
        await shop.pass_time(hours=24)
        await shop.emit("deal.created")
        later = (await receiver.got(3))[2]
        assert signatures(later) == expected_signatures(later, rotated["secret"], None)

    async def test_a_second_rotation_drops_the_older_secret(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        alias = f"/v1/webhooks?id={made['id']}&action=rotate_secret"
        first, second = [done(await shop.client.post(alias))["secret"] for _ in range(2)]
        await shop.emit("deal.created")
        (arrived,) = await receiver.got(1)
        assert signatures(arrived) == expected_signatures(arrived, second, first)

    async def test_old_secrets_are_deleted_when_their_day_is_over(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        await shop.client.post(f"/v1/webhooks/rotate_secret?id={made['id']}")
        kept = "SELECT previous_secret IS NOT NULL FROM webhooks.endpoints WHERE id = $1"
        await shop.system.run_timer("webhooks", "forget_previous_secrets")
        assert await shop.system.owner.fetchval(kept, made["id"])
        await shop.pass_time(hours=24)
        await shop.system.run_timer("webhooks", "forget_previous_secrets")
        assert not await shop.system.owner.fetchval(kept, made["id"])


def signatures(received: Received) -> tuple[str, str | None]:
    return (
        received.headers["X-Salesbooth-Signature"],
        received.headers.get("X-Salesbooth-Signature-Previous"),
    )


def expected_signatures(received: Received, secret: str, previous: str | None) -> tuple[str, str | None]:
    stamp = int(received.headers["X-Salesbooth-Timestamp"])
    return sign(secret, stamp, received.body), sign(previous, stamp, received.body) if previous else None
