"""deals.sign and deals.unsign: who may sign, where it leads, and the way back."""

import asyncio
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_agent, as_session, as_widget
from tests.support.client import Answer, Client, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
BOTH = {"signatures": {"required": ["customer", "user"]}}
INVALID, FORBIDDEN = "validation_error.invalid_fields", "authorization_error.insufficient_scope"


async def sign(caller: Client, deal_id: str, **body: Any) -> Answer:
    return await caller.post(f"{DEALS}?id={deal_id}&action=sign", body)


async def statuses(shop: Workspace, deal_id: str) -> list[str]:
    """The statuses that a deal went through."""
    return [one["new_status"] for one in await shop.system.told("deal.status_changed", deal_id)]


class TestSigner:
    async def test_a_key_signs_as_itself_without_consent(self, shop: Workspace) -> None:
        signed = await sign(shop.seller, await shop.offer())
        signature = signed.data["signature"]
        assert signature | {"signature_id": "", "signature_hash": ""} == {
            "signature_id": "",
            "signer_type": "api_key",
            "signer_id": "key_seller",
            "signature_method": "click-to-sign",
            "signature_algorithm": "ed25519",
            "signature_hash": "",
            "signed_at": signed.data["deal"]["updated_at"],
            "is_agent_signer": False,
        }
        assert signature["signature_id"].startswith("sig_")
        assert len(signature["signature_hash"]) == 64
        assert signed.data["deal"]["signatures"] == [signature]

    async def test_an_agent_key_signs_as_agent(self, shop: Workspace) -> None:
        signature = (await sign(shop.seller.acting_as(**as_agent(2)), await shop.offer())).data["signature"]
        assert (signature["signer_type"], signature["signer_id"], signature["is_agent_signer"]) == (
            "agent",
            "key_agent_2",
            True,
        )

    async def test_a_session_signs_as_user_with_consent(self, shop: Workspace) -> None:
        session, deal_id = shop.seller.acting_as(**as_session()), await shop.offer()
        for consent in ({}, {"consent_to_sign": False}, {"consent_to_sign": None}):
            refused = await sign(session, deal_id, **consent)
            assert (refused.refusal, refused.faults) == ((400, INVALID), {"consent_to_sign": "required"})
        signature = (await sign(session, deal_id, consent_to_sign=True)).data["signature"]
        assert (signature["signer_type"], signature["signer_id"]) == ("user", "user_zoe")

    async def test_a_key_signs_for_the_deals_customer_alone(self, shop: Workspace) -> None:
        deal_id, customer = await shop.offer(), ""
        customer = (await shop.read(deal_id))["customer_id"]
        wish = {"signer_type": "customer", "consent_to_sign": True}
        unnamed = await sign(shop.seller, deal_id, **wish)
        assert (unnamed.refusal, unnamed.faults) == ((400, INVALID), {"signer_customer_id": "required"})
        foreign = await sign(shop.seller, deal_id, **wish, signer_customer_id="cust_else")
        assert foreign.refusal == (403, FORBIDDEN)
        as_itself = await sign(shop.seller, deal_id, signer_customer_id="cust_else")
        assert as_itself.refusal == (403, FORBIDDEN)
        without = await sign(shop.seller, deal_id, signer_type="customer", signer_customer_id=customer)
        assert without.faults == {"consent_to_sign": "required"}
        assert (await shop.read(deal_id))["signatures"] == []
        signature = (await sign(shop.seller, deal_id, **wish, signer_customer_id=customer)).data["signature"]
        assert (signature["signer_type"], signature["signer_id"]) == ("customer", customer)

    async def test_a_named_signer_is_kept(self, shop: Workspace) -> None:
        wish = {"signer_type": "user", "signer_id": "user_max", "consent_to_sign": True}
        assert (await sign(shop.seller, await shop.offer(), **wish)).data["signature"]["signer_id"] == "user_max"

    async def test_a_browser_signs_as_the_deals_customer_alone(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        customer = (await shop.read(deal_id))["customer_id"]
        widget = shop.seller.acting_as(**as_widget())
        for kind in ("user", "agent", "api_key"):
            refused = await sign(widget, deal_id, signer_type=kind, consent_to_sign=True)
            assert (kind, *refused.refusal) == (kind, 403, FORBIDDEN)
        assert (await sign(widget, deal_id, signer_customer_id=customer)).refusal == (400, INVALID)
        assert (await sign(widget, deal_id, consent_to_sign=True)).refusal == (400, INVALID)
        stranger = await sign(widget, deal_id, consent_to_sign=True, signer_customer_id="cust_else")
        assert stranger.refusal == (403, FORBIDDEN)
        signed = await sign(widget, deal_id, consent_to_sign=True, signer_customer_id=customer)
        assert signed.data["signature"]["signer_type"] == "customer"
        assert signed.data["deal"]["notes"] is None

    @pytest.mark.parametrize(
        ("scopes", "status"),
        [(("deals:sign",), 200), (("agent:execute",), 200), (("deals:write",), 403), (("deals:read",), 403)],
    )
    async def test_a_key_needs_the_scope(self, shop: Workspace, scopes: tuple[str, ...], status: int) -> None:
        assert (await sign(shop.seller.acting_as(scopes=scopes), await shop.offer())).status == status

    async def test_an_unknown_kind_of_signer_is_named(self, shop: Workspace) -> None:
        refused = await sign(shop.seller, await shop.offer(), signer_type="robot", consent_to_sign="yes")
        assert refused.faults == {"signer_type": "unknown_value", "consent_to_sign": "invalid"}


class TestWalk:
    """D3, D5, then D11, D12 or D13, one version and one event each."""

    async def test_a_draft_walks_to_payment(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        before = (await shop.read(deal_id))["version"]
        signed = await sign(shop.seller, deal_id)
        assert (signed.data["status"], signed.version) == ("pending_payment", before + 3)
        assert await statuses(shop, deal_id) == ["in_progress", "pending_signature", "pending_payment"]
        (added,) = await shop.system.told("deal.signature_added", deal_id)
        assert (added["signatures_count"], added["signatures_required"]) == (1, 1)
        names = [one.name for one in shop.system.events if one.entity.endswith(deal_id)]
        assert names.index("deal.signature_added") < names.index("deal.status_changed")

    async def test_the_last_signature_of_a_deferred_deal_closes_it(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100, terms={"payment_terms": "net_30"})
        signed = await sign(shop.seller, deal_id)
        assert signed.data["status"] == signed.data["deal"]["status"] == "closed"
        assert await statuses(shop, deal_id) == ["in_progress", "pending_signature", "closed"]
        assert (await shop.job(signed.headers["X-Job-ID"]))["state"] == "completed"
        assert shop.till.of(deal_id) == ["RecordSettlements"]

    async def test_a_free_deal_closes_with_its_signature(self, shop: Workspace) -> None:
        assert (await sign(shop.seller, await shop.offer(price=0))).data["status"] == "closed"

    @pytest.mark.parametrize("way", [["in_progress"], ["in_progress", "pending_signature"]])
    async def test_it_starts_where_the_deal_stands(self, shop: Workspace, way: list[str]) -> None:
        deal_id = await shop.offer(price=100)
        before = await shop.move(deal_id, *way)
        signed = await sign(shop.seller, deal_id)
        assert signed.version == before.version + 3 - len(way)
        assert await statuses(shop, deal_id) == ["in_progress", "pending_signature", "pending_payment"]

    async def test_several_signatures_are_waited_for(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100, terms=BOTH)
        customer = (await shop.read(deal_id))["customer_id"]
        buyer = {"signer_type": "customer", "signer_customer_id": customer, "consent_to_sign": True}
        first = await sign(shop.seller, deal_id, **buyer)
        assert first.data["status"] == "awaiting_signatures"
        third_party = await sign(shop.seller, deal_id)
        assert (third_party.data["status"], third_party.version) == ("awaiting_signatures", first.version + 1)
        again = await sign(shop.seller, deal_id, **buyer)
        assert again.refusal == (409, "conflict.already_signed")
        last = await sign(shop.seller.acting_as(**as_session()), deal_id, consent_to_sign=True)
        assert (last.data["status"], last.version) == ("pending_payment", third_party.version + 1)
        counts = [
            (one["signatures_count"], one["signatures_required"])
            for one in await shop.system.told("deal.signature_added", deal_id)
        ]
        assert counts == [(1, 2), (2, 2), (3, 2)]
        assert await statuses(shop, deal_id) == [
            "in_progress",
            "pending_signature",
            "awaiting_signatures",
            "pending_payment",
        ]

    async def test_a_replay_signs_once(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        first = await shop.act(deal_id, "sign", {}, idempotency_key="k")
        again = await shop.act(deal_id, "sign", {}, idempotency_key="k")
        assert (first.status, again.status, again.body) == (200, 200, first.body)
        assert len((await shop.read(deal_id))["signatures"]) == 1

    async def test_of_two_same_signers_at_once_one_signs(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=BOTH)
        answers = await asyncio.gather(*(sign(shop.seller, deal_id) for _ in range(4)))
        assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
        assert len((await shop.read(deal_id))["signatures"]) == 1

    @pytest.mark.parametrize(
        ("customer", "item", "unmet"),
        [
            (False, True, ["has_customer"]),
            (True, False, ["has_product"]),
            (False, False, ["has_product", "has_customer"]),
        ],
    )
    async def test_a_deal_without_customer_or_line_is_refused(
        self, shop: Workspace, customer: bool, item: bool, unmet: list[str]
    ) -> None:
        deal_id = await shop.deal(customer_id=await shop.customer() if customer else None)
        if item:
            done(await shop.act(deal_id, "add_item", {"product_id": await shop.product()}))
        refused = await sign(shop.seller, deal_id)
        assert refused.refusal == (409, "conflict.conditions_not_met")
        assert refused.body["details"]["conditions"] == unmet
        assert (await shop.read(deal_id))["status"] == "draft"

    @pytest.mark.parametrize("status", ["cancelled", "expired", "pending_payment"])
    async def test_other_states_take_no_signature(self, shop: Workspace, status: str) -> None:
        deal_id = await shop.offer()
        done(await shop.move(deal_id, "in_progress", status))
        assert (await sign(shop.seller, deal_id)).refusal == (409, "conflict.invalid_state")

    async def test_a_closed_deal_says_that_it_is_closed(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        done(await sign(shop.seller, deal_id))
        assert (await sign(shop.seller, deal_id)).refusal == (409, "conflict.deal_already_closed")
        other = await sign(shop.seller.acting_as(**as_session()), deal_id, consent_to_sign=True)
        assert other.refusal == (409, "conflict.deal_already_closed")

    async def test_an_unknown_deal_is_not_found(self, shop: Workspace) -> None:
        assert (await sign(shop.seller, "deal_no")).refusal == (404, "not_found")


class TestUnsign:
    async def test_the_deal_is_an_offer_again_and_verifies_as_unsigned(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        signed = await sign(shop.seller, deal_id)
        answer = await shop.act(deal_id, "unsign", {"reason": "Terms need revision"})
        assert (answer.status, answer.version) == (200, signed.version + 1)
        assert (answer.data["status"], answer.data["deal"]["status"]) == ("in_progress", "in_progress")
        assert answer.data["deal"]["signatures"] == []
        verification = (await shop.seller.get(f"{DEALS}/verify?id={deal_id}")).data["verification"]
        assert verification["status"] == "unsigned"
        assert (await shop.seller.patch(f"{DEALS}?id={deal_id}", {"title": "revised"}, if_match="*")).status == 200

    async def test_it_is_told_and_the_reason_stays_in_the_trail(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        signature = (await sign(shop.seller, deal_id)).data["signature"]
        done(await shop.act(deal_id, "unsign", {"reason": "Terms need revision"}))
        (event,) = await shop.system.told("deal.unsigned", deal_id)
        assert (event["signature_id"], event["reason"]) == (signature["signature_id"], "Terms need revision")
        entries = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=audit")).data["audit_entries"]
        (unsigned,) = [one for one in entries if one["action"] == "deal.unsigned"]
        assert unsigned["changes"]["reason"] == "Terms need revision"
        (withdrawn,) = [one for one in entries if one["action"] == "deal.signed"]
        assert withdrawn["snapshot"]["signatures"] == [signature]

    async def test_all_signatures_go_and_everybody_signs_anew(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms=BOTH)
        session = shop.seller.acting_as(**as_session())
        done(await sign(session, deal_id, consent_to_sign=True))
        done(await sign(shop.seller, deal_id))
        done(await shop.act(deal_id, "unsign"))
        assert (await shop.read(deal_id))["signatures"] == []
        assert (await sign(session, deal_id, consent_to_sign=True)).data["status"] == "awaiting_signatures"

    async def test_an_unsigned_or_closed_deal_is_refused(self, shop: Workspace) -> None:
        deal_id = await shop.offer(terms={"payment_terms": "net_30"})
        assert (await shop.act(deal_id, "unsign")).refusal == (409, "conflict.not_signed")
        done(await sign(shop.seller, deal_id))
        assert (await shop.act(deal_id, "unsign")).refusal == (409, "conflict.deal_already_closed")
        assert (await shop.act("deal_no", "unsign")).refusal == (404, "not_found")

    async def test_captured_money_holds_the_signature(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        done(await sign(shop.seller, deal_id))
        await shop.pay(deal_id, captured="10", payment_status="partially_paid")
        assert (await shop.act(deal_id, "unsign")).refusal == (409, "conflict.payment_in_progress")

    async def test_it_is_a_signing_matter(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await sign(shop.seller, deal_id))
        writer = shop.seller.acting_as(scopes=("deals:write", "agent:execute"))
        widget = shop.seller.acting_as(**as_widget())
        for caller in (writer, widget):
            assert (await caller.post(f"{DEALS}?id={deal_id}&action=unsign", {})).refusal == (403, FORBIDDEN)
