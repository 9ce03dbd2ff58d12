"""Registering, reading, changing and removing endpoints."""

import pytest

from services.webhooks.tests.conftest import Names
from services.webhooks.tests.receivers import Receiver
from services.webhooks.tests.workspace import Workspace

pytestmark = pytest.mark.asyncio(loop_scope="session")
HOOK = "https://hooks.unresolvable.example/deals"


class TestCreate:
    async def test_it_is_active_and_shows_its_secret_once(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created", "deal.closed", description="CRM")
        assert made["webhook_id"] == made["id"]
        assert made["id"].startswith("wh_")
        assert made["status"] == "active"
        assert made["events"] == ["deal.created", "deal.closed"]
        assert made["secret"].startswith("whsec_")
        assert len(made["secret"]) == len("whsec_") + 64
        read = (await shop.client.get(f"/v1/webhooks?id={made['id']}")).body
        listed = (await shop.client.get("/v1/webhooks")).body
        assert made["secret"] not in str(read) + str(listed)
        assert read["data"]["webhook"]["description"] == "CRM"

    async def test_the_secret_is_kept_encrypted_and_out_of_the_audit_trail(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created")
        stored = await shop.system.owner.fetchval("SELECT secret FROM webhooks.endpoints WHERE id = $1", made["id"])
        assert made["secret"].encode() not in stored
        trail = await shop.system.owner.fetch(
            "SELECT action, changes, snapshot FROM webhooks.audit_entries WHERE entity_id = $1", made["id"]
        )
        assert [entry["action"] for entry in trail] == ["webhook.created"]
        assert made["secret"] not in trail[0]["changes"] + trail[0]["snapshot"]

    async def test_a_repeated_request_with_the_same_key_registers_once(self, shop: Workspace) -> None:
        body = {"url": HOOK, "events": ["deal.created"]}
        first = await shop.client.post("/v1/webhooks", body, idempotency_key="once")
        second = await shop.client.post("/v1/webhooks", body, idempotency_key="once")
        assert first.data == second.data
        assert (await shop.client.get("/v1/webhooks")).data["pagination"]["total"] == 1

    async def test_a_name_twice_is_stored_once_and_a_status_is_ignored(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created", "deal.created", status="paused")
        assert made["events"] == ["deal.created"]
        assert made["status"] == "active"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"events": ["deal.created"]}, "url"),
            ({"url": HOOK}, "events"),
            ({"url": HOOK, "events": []}, "events"),
            ({"url": HOOK, "events": ["deal.invented"]}, "events"),
            ({"url": HOOK, "events": ["*", "deal.created"]}, "events"),
            ({"url": HOOK, "events": ["deal.created"], "description": "x" * 256}, "description"),
            ({"url": HOOK, "events": ["deal.created"], "retry_schedule": "eager"}, "retry_schedule"),
            ({"url": "ftp://hooks.example/", "events": ["deal.created"]}, "url"),
            ({"url": "http://93.184.216.34/", "events": ["deal.created"]}, "url"),
            ({"url": "https://user:word@hooks.example/", "events": ["deal.created"]}, "url"),
            ({"url": "https://10.0.0.1/", "events": ["deal.created"]}, "url"),
            ({"url": "https://169.254.169.254/latest", "events": ["deal.created"]}, "url"),
            ({"url": "https://[64:ff9b::7f00:1]/", "events": ["deal.created"]}, "url"),
            ({"url": "https://2130706433/", "events": ["deal.created"]}, "url"),
            ({"url": "https://hooks.internal/", "events": ["deal.created"]}, "url"),
            ({"url": "https://93.184.216.34:22/", "events": ["deal.created"]}, "url"),
        ],
    )
    async def test_broken_input_names_the_field(self, shop: Workspace, body: object, field: str) -> None:
        answer = await shop.client.post("/v1/webhooks", body)
        assert answer.refusal == (400, "validation_error.invalid_fields")
        assert list(answer.faults) == [field]

    async def test_a_refusal_does_not_tell_which_address_it_was(self, shop: Workspace, names: Names) -> None:
        names.addresses["inner.example"] = ["93.184.216.34", "10.1.2.3"]
        answer = await shop.client.post("/v1/webhooks", {"url": "https://inner.example/", "events": ["*"]})
        assert answer.faults == {"url": "invalid"}
        assert "10.1.2.3" not in str(answer.body)

    async def test_loopback_is_for_the_test_environment_alone(self, shop: Workspace, receiver: Receiver) -> None:
        live = shop.client.acting_as(environment="live")
        answer = await live.post("/v1/webhooks", {"url": receiver.url, "events": ["*"]})
        assert answer.faults == {"url": "invalid"}


class TestReading:
    async def test_the_list_is_newest_first_in_pages(self, shop: Workspace) -> None:
        made = [await self._later(shop) for _ in range(3)]
        page = (await shop.client.get("/v1/webhooks?limit=2&offset=1")).data
        assert [one["id"] for one in page["webhooks"]] == [made[1], made[0]]
        assert page["pagination"] == {"total": 3, "limit": 2, "offset": 1, "count": 2}

    async def test_environments_and_tenants_see_their_own(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created")
        live = shop.client.acting_as(environment="live")
        stranger = shop.client.acting_as(tenant_id="us_tenant_stranger")
        for other in (live, stranger):
            assert (await other.get("/v1/webhooks")).data["webhooks"] == []
            assert (await other.get(f"/v1/webhooks?id={made['id']}")).refusal == (404, "not_found")
            assert (await other.patch(f"/v1/webhooks?id={made['id']}", {"status": "paused"})).status == 404
            assert (await other.delete(f"/v1/webhooks?id={made['id']}")).status == 404
            assert (await other.post(f"/v1/webhooks/rotate_secret?id={made['id']}")).status == 404
            assert (await other.post(f"/v1/webhooks/test?id={made['id']}", {})).status == 404
            assert (await other.get(f"/v1/webhooks/deliveries?id={made['id']}")).status == 404

    async def _later(self, shop: Workspace) -> str:
        await shop.pass_time(seconds=1)
        return str((await shop.register(HOOK, "deal.created"))["id"])


class TestUpdate:
    async def test_what_is_not_sent_stays(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created", description="CRM")
        data = await shop.change(made["id"], events=["deal.closed"], retry_schedule="extended")
        assert set(data) == {"webhook"}
        changed = data["webhook"]
        assert (changed["url"], changed["events"], changed["description"]) == (HOOK, ["deal.closed"], "CRM")
        assert changed["retry_schedule"] == "extended"

    async def test_a_description_can_be_cleared_and_a_url_cannot(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created", description="CRM")
        assert (await shop.change(made["id"], description=None))["webhook"]["description"] is None
        answer = await shop.client.patch(f"/v1/webhooks?id={made['id']}", {"url": None, "events": None})
        assert answer.faults == {"url": "required", "events": "required"}

    async def test_a_new_url_is_checked_as_at_registration(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created")
        answer = await shop.client.patch(f"/v1/webhooks?id={made['id']}", {"url": "https://192.168.0.1/"})
        assert answer.faults == {"url": "invalid"}

    async def test_an_unknown_status_is_refused(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created")
        answer = await shop.client.patch(f"/v1/webhooks?id={made['id']}", {"status": "asleep"})
        assert answer.faults == {"status": "unknown_value"}

    async def test_every_change_is_audited(self, shop: Workspace) -> None:
        made = await shop.register(HOOK, "deal.created")
        await shop.change(made["id"], status="paused")
        await shop.client.post(f"/v1/webhooks/rotate_secret?id={made['id']}")
        await shop.client.delete(f"/v1/webhooks?id={made['id']}")
        trail = await shop.system.owner.fetch(
            "SELECT action FROM webhooks.audit_entries WHERE entity_id = $1 ORDER BY sequence", made["id"]
        )
        assert [entry["action"] for entry in trail] == [
            "webhook.created",
            "webhook.updated",
            "webhook.secret_rotated",
            "webhook.deleted",
        ]


class TestPausing:
    async def test_nothing_is_made_while_paused_and_resuming_offers_a_replay(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url, "deal.created")
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.quiet()
        await shop.change(made["id"], status="paused")
        await shop.emit("deal.created", "deal.created")
        await shop.quiet()
        assert len(await shop.deliveries(made["id"])) == 1
        resumed = await shop.change(made["id"], status="active")
        assert resumed["replay"] == {"operation": "webhooks.replay", "webhook_id": made["id"], "since_sequence": 1}
        offer = {name: value for name, value in resumed["replay"].items() if name != "operation"}
        assert (await shop.client.post("/v1/webhooks/replay", offer)).data["replayed"] == 2
        assert [one.event["id"] for one in await receiver.got(3)][1:] == [
            event["event_id"] for event in (await shop.events())[1:]
        ]

    async def test_what_was_pending_waits_and_goes_on_to_the_url_that_is_set_then(
        self, shop: Workspace, receiver: Receiver, other_receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500)
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.quiet()
        await shop.change(made["id"], status="paused")
        await shop.pass_time(minutes=5)
        await shop.quiet()
        assert [one["status"] for one in await shop.deliveries(made["id"])] == ["pending"]
        await shop.change(made["id"], status="active", url=other_receiver.url)
        (arrived,) = await other_receiver.got(1)
        assert arrived.headers["X-Salesbooth-Attempt"] == "2"
        assert len(receiver.requests) == 1


class TestDelete:
    async def test_it_is_gone_and_what_was_pending_ends(self, shop: Workspace, receiver: Receiver) -> None:
        made = await shop.register(receiver.url)
        receiver.answers(500)
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.quiet()
        gone = (await shop.client.delete(f"/v1/webhooks?id={made['id']}")).data
        assert gone == {"deleted": True, "webhook_id": made["id"], "id": made["id"]}
        assert (await shop.client.get(f"/v1/webhooks?id={made['id']}")).status == 404
        (ended,) = await shop.deliveries(made["id"])
        assert (ended["status"], ended["error_message"], ended["attempts"]) == ("failed", "Webhook deleted", 1)
        await shop.pass_time(minutes=10)
        await shop.emit("deal.created")
        await shop.quiet()
        assert len(receiver.requests) == 1
        assert await shop.statuses() == ["failed", "delivered"]

    async def test_an_attempt_that_was_under_way_changes_nothing_any_more(
        self, shop: Workspace, receiver: Receiver
    ) -> None:
        made = await shop.register(receiver.url)
        receiver.gate.clear()
        await shop.emit("deal.created")
        await receiver.got(1)
        await shop.client.delete(f"/v1/webhooks?id={made['id']}")
        receiver.gate.set()
        await shop.quiet()
        (ended,) = await shop.deliveries(made["id"])
        assert (ended["status"], ended["error_message"]) == ("failed", "Webhook deleted")
