"""Customers that arrive with a deal."""

import asyncio
from datetime import timedelta
from typing import Any

from libs.api.principal import system_principal
from libs.bus.message import Message
from libs.commands.customers import ConfirmCustomer
from libs.sagas.commands import Commands
from services.customers.tests.conftest import JANE, Workspace

NEW = {"name": "Jane Smith", "email": "jane@example.com", "phone": "0412 345 678", "company": "Acme Corp"}


async def held(workspace: Workspace, **changes: Any) -> str:
    """The id of a provisional customer."""
    reply = await workspace.ask("customers.find_or_create", **NEW | changes)
    assert reply.body["data"]["created"] is True, reply.body
    customer_id: str = reply.body["data"]["customer_id"]
    return customer_id


async def status_of(workspace: Workspace, customer_id: str) -> int:
    return (await workspace.call("GET", f"/v1/customers?id={customer_id}")).status


class TestFindOrCreate:
    async def test_a_known_email_is_reused_and_the_customer_stays_as_it_is(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        reply = await workspace.ask("customers.find_or_create", **NEW | {"name": "J", "email": "JANE@example.com"})
        assert reply.body["data"] == {"customer_id": customer["id"], "created": False}
        assert (await workspace.read(customer["id"]))["name"] == "Jane Smith"

    async def test_a_new_one_is_invisible(self, workspace: Workspace) -> None:
        customer_id = await held(workspace)
        assert await status_of(workspace, customer_id) == 404
        assert (await workspace.change(customer_id, {"name": "X"})).status == 404
        assert await workspace.found("jane") == []
        reference = await workspace.ask("customers.reference", customer_ids=[customer_id])
        assert reference.body["data"] == {"customers": []}
        assert await workspace.outbox() == []

    async def test_several_at_once_share_one(self, workspace: Workspace) -> None:
        assert len(set(await asyncio.gather(*[held(workspace) for _ in range(6)]))) == 1

    async def test_a_broken_customer_is_refused(self, workspace: Workspace) -> None:
        reply = await workspace.ask("customers.find_or_create", name="", email="jane", phone="no number")
        assert set(reply.body["details"]["fields"]) == {"name", "email", "phone"}


class TestConfirm:
    async def test_the_customer_becomes_visible_and_the_event_fires_once(self, workspace: Workspace) -> None:
        customer_id = await held(workspace)
        for _ in range(2):
            assert (await workspace.ask("customers.confirm", customer_id=customer_id)).status == 200
        assert (await workspace.read(customer_id))["phone"] == "+61412345678"
        assert [event["id"] for event in await workspace.events("customer.created")] == [customer_id]

    async def test_the_saga_of_the_deal_confirms_too(self, workspace: Workspace) -> None:
        customer_id = await held(workspace)
        principal = system_principal(workspace.tenant_id, "test")
        about = {"saga_id": "saga_1", "step": 0, "direction": "do", "reply_to": "deals"}
        command = Message(
            id="msg_1",
            kind="command",
            name=ConfirmCustomer.command_name(),
            target="customers",
            tenant_id=principal.tenant_id,
            environment=principal.environment,
            entity=f"customer:{customer_id}",
            occurred_at=workspace.clock.now(),
            payload=about | {"command": {"customer_id": customer_id}},
        )
        for _ in range(2):
            await Commands(workspace.host.runtime).on_command(command)
        assert await status_of(workspace, customer_id) == 200
        replies = [message.payload["ok"] for message in await workspace.outbox() if message.kind == "reply"]
        assert replies == [True, True]
        assert len(await workspace.events("customer.created")) == 1

    async def test_a_lapsed_customer_cannot_be_confirmed(self, workspace: Workspace) -> None:
        assert (await workspace.ask("customers.confirm", customer_id="cust_gone")).status == 404


class TestDiscard:
    async def test_the_customer_is_gone_and_its_email_free(self, workspace: Workspace) -> None:
        customer_id = await held(workspace)
        for _ in range(2):
            reply = await workspace.ask("customers.discard", customer_id=customer_id)
            assert reply.body["data"] == {"customer_id": customer_id, "discarded": True}
        assert await held(workspace) != customer_id

    async def test_a_visible_customer_stays(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        reply = await workspace.ask("customers.discard", customer_id=customer["id"])
        assert reply.body["data"]["discarded"] is False
        assert await status_of(workspace, customer["id"]) == 200

    async def test_a_customer_that_another_deal_holds_stays(self, workspace: Workspace) -> None:
        customer_id = await held(workspace)
        assert await held(workspace) == customer_id
        await workspace.ask("customers.discard", customer_id=customer_id)
        await workspace.ask("customers.confirm", customer_id=customer_id)
        assert await status_of(workspace, customer_id) == 200


class TestCreationMeanwhile:
    async def test_a_created_customer_takes_the_provisional_ones_place(self, workspace: Workspace) -> None:
        customer_id = await held(workspace, name="Somebody")
        created = await workspace.create()
        assert (created["id"], created["name"]) == (customer_id, JANE["name"])
        await workspace.ask("customers.discard", customer_id=customer_id)
        await workspace.ask("customers.confirm", customer_id=customer_id)
        assert (await workspace.read(customer_id))["name"] == JANE["name"]
        assert len(await workspace.events("customer.created")) == 1


class TestLapse:
    async def test_provisional_customers_lapse_after_a_quarter_of_an_hour(self, workspace: Workspace) -> None:
        visible = await workspace.create(JANE | {"email": "visible@example.com"})
        early = await held(workspace)
        workspace.clock.advance(timedelta(minutes=14))
        late = await held(workspace, email="late@example.com")
        workspace.clock.advance(timedelta(minutes=2))
        await workspace.tick("discard_abandoned_customers")
        outcomes = [await workspace.ask("customers.confirm", customer_id=one) for one in (early, late)]
        assert [reply.status for reply in outcomes] == [404, 200]
        assert await status_of(workspace, visible["id"]) == 200

    async def test_a_deal_that_joins_later_has_its_full_time(self, workspace: Workspace) -> None:
        customer_id = await held(workspace)
        workspace.clock.advance(timedelta(minutes=10))
        await held(workspace)
        workspace.clock.advance(timedelta(minutes=10))
        await workspace.tick("discard_abandoned_customers")
        assert (await workspace.ask("customers.confirm", customer_id=customer_id)).status == 200
