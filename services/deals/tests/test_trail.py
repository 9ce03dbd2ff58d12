"""deals.audit and deals.verify_audit: a chain that anyone can recompute, and in which tampering shows."""

import hashlib
import json
from typing import Any, Literal

import asyncpg
import pytest

from services.deals.tests.workspace import Workspace
from tests.support.callers import as_session
from tests.support.client import done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
ROLES: tuple[Literal["app", "worker"], ...] = ("app", "worker")


async def entries(shop: Workspace, deal_id: str, query: str = "limit=100") -> list[dict[str, Any]]:
    page = await shop.seller.get(f"{DEALS}?id={deal_id}&action=audit&{query}")
    return list(page.data["audit_entries"])


async def verify(shop: Workspace, deal_id: str) -> dict[str, Any]:
    found: dict[str, Any] = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=verify_audit")).data
    return found


def documented_hash(entry: dict[str, Any]) -> str:
    """The formula of the reference, from the parsed members alone."""

    def text(value: Any) -> str:
        return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    parts = (
        entry["entity_type"],
        entry["entity_id"],
        entry["action"],
        text(entry["changes"]),
        text(entry["snapshot"]),
        entry["previous_hash"],
        entry["created_at"],
    )
    return hashlib.sha256("".join(parts).encode()).hexdigest()


async def eventful(shop: Workspace) -> str:
    """A deal to which everything happened."""
    deal_id = await shop.offer(
        price=100, title="Größe → ∞", metadata={"ratio": 0.1, "n": 1e21, "deep": {"list": [1, None]}}
    )
    item = (await shop.read(deal_id))["line_items"][0]["id"]
    done(await shop.seller.patch(f"{DEALS}?id={deal_id}", {"notes": "n", "tax_rate": 8.25}, if_match="*"))
    done(await shop.act(deal_id, f"update_item&item_id={item}", {"quantity": 3}))
    done(await shop.act(deal_id, "apply_discount", {"type": "percentage", "value": "12.5"}))
    extra = (await shop.act(deal_id, "add_item", {"product_id": await shop.product()})).data["line_item"]["id"]
    done(await shop.seller.delete(f"{DEALS}?id={deal_id}&action=remove_item&item_id={extra}", if_match="*"))
    done(await shop.set_terms(deal_id, sla=0.999))
    done(await shop.sign(deal_id))
    done(await shop.act(deal_id, "unsign", {"reason": "revise"}))
    await shop.pay(deal_id, captured="10", payment_status="partially_paid")
    return deal_id


class TestTrail:
    async def test_every_change_leaves_an_entry_oldest_first(self, shop: Workspace) -> None:
        assert [one["action"] for one in await entries(shop, await eventful(shop))] == [
            "deal.created",
            "deal.item_added",
            "deal.updated",
            "deal.item_updated",
            "deal.discount_applied",
            "deal.item_added",
            "deal.item_removed",
            "deal.terms_set",
            "deal.signed",
            "deal.status_changed",
            "deal.status_changed",
            "deal.status_changed",
            "deal.unsigned",
            "deal.status_changed",
            "deal.payment_changed",
            "deal.status_changed",
        ]

    async def test_anyone_recomputes_the_chain_from_what_is_shown(self, shop: Workspace) -> None:
        trail = await entries(shop, await eventful(shop))
        assert [one["entry_hash"] for one in trail] == [documented_hash(one) for one in trail]
        assert [one["previous_hash"] for one in trail] == ["0" * 64, *(one["entry_hash"] for one in trail[:-1])]

    async def test_an_entry_says_who_changed_what(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        session = shop.seller.acting_as(**as_session())
        done(await session.patch(f"{DEALS}?id={deal_id}", {"title": "New"}, if_match="*"))
        created, updated = await entries(shop, deal_id)
        assert (created["actor"], created["actor_type"]) == ("key_seller", "api_key")
        assert (updated["actor"], updated["actor_type"]) == ("user_zoe", "user")
        assert updated["changes"]["title"] == {"from": "Annual plan", "to": "New"}
        assert updated["changes"].keys() <= {"title", "version", "updated_at"}
        assert updated["snapshot"]["title"] == "New"

    async def test_it_comes_in_pages(self, shop: Workspace) -> None:
        deal_id = await eventful(shop)
        whole = await entries(shop, deal_id)
        assert await entries(shop, deal_id, "limit=3&offset=2") == whole[2:5]
        page = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=audit&limit=3&offset=2")).data["pagination"]
        assert page == {"total": len(whole), "limit": 3, "offset": 2, "count": 3}

    async def test_an_unknown_deal_or_none_is_refused(self, shop: Workspace) -> None:
        for action in ("audit", "verify_audit"):
            missing = await shop.seller.get(f"{DEALS}?action={action}&id=deal_no")
            assert missing.refusal == (404, "not_found")
            unnamed = await shop.seller.get(f"{DEALS}?action={action}")
            assert unnamed.refusal == (400, "validation_error.bad_request")

    async def test_the_service_itself_can_neither_change_nor_remove_an_entry(self, shop: Workspace) -> None:
        await shop.deal()
        for statement in (
            "UPDATE audit_entries SET actor = 'x'",
            "DELETE FROM audit_entries",
            "DELETE FROM audit_heads",
        ):
            for role in ROLES:
                async with shop.system.connected("deals", role) as connection:
                    with pytest.raises(asyncpg.InsufficientPrivilegeError):
                        await connection.execute(statement)


class TestVerification:
    async def test_a_whole_chain_is_verified(self, shop: Workspace) -> None:
        deal_id = await eventful(shop)
        verdict = await verify(shop, deal_id)
        assert verdict.keys() == {"status", "total_entries", "verified_at"}
        assert (verdict["status"], verdict["total_entries"]) == ("verified", len(await entries(shop, deal_id)))

    @pytest.mark.parametrize(
        "tampering",
        [
            "changes = '{}'",
            "snapshot = '{}'",
            "action = 'deal.expired'",
            "actor = 'somebody'",
            "created_at = created_at - interval '1 day'",
            "previous_hash = entry_hash",
            "sequence = sequence + 1000",
        ],
    )
    async def test_an_altered_entry_is_found(self, shop: Workspace, tampering: str) -> None:
        deal_id = await eventful(shop)
        third = (await entries(shop, deal_id))[2]["id"]
        alter = f"UPDATE deals.audit_entries SET {tampering} WHERE entity_id = $1 AND sequence = 3"
        await shop.system.owner.execute(alter, deal_id)
        verdict = await verify(shop, deal_id)
        assert verdict["status"] == "tampered"
        moved = "sequence + 1000" in tampering
        assert verdict["broken_at"] == ((await entries(shop, deal_id))[2]["id"] if moved else third)

    @pytest.mark.parametrize("sequence", [1, 3, 16])
    async def test_a_removed_entry_is_found(self, shop: Workspace, sequence: int) -> None:
        deal_id = await eventful(shop)
        gone = "DELETE FROM deals.audit_entries WHERE entity_id = $1 AND sequence = $2"
        await shop.system.owner.execute(gone, deal_id, sequence)
        verdict = await verify(shop, deal_id)
        assert (verdict["status"], verdict["total_entries"]) == ("tampered", 15)

    async def test_a_forged_entry_with_a_right_hash_is_found(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        (entry,) = await entries(shop, deal_id)
        forged = entry | {"changes": {"total": {"from": "1.00", "to": "0.00"}}}
        changes = json.dumps(forged["changes"], sort_keys=True, separators=(",", ":"))
        await shop.system.owner.execute(
            "UPDATE deals.audit_entries SET changes = $2, entry_hash = $3 WHERE entity_id = $1",
            deal_id,
            changes,
            documented_hash(forged),
        )
        assert (await verify(shop, deal_id))["status"] == "tampered"

    async def test_a_broken_trail_takes_no_further_entry(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        await shop.system.owner.execute("UPDATE deals.audit_heads SET head_hash = '0' WHERE entity_id = $1", deal_id)
        refused = await shop.seller.patch(f"{DEALS}?id={deal_id}", {"title": "y"}, if_match="*")
        assert refused.refusal == (500, "internal_error")
        assert (await shop.read(deal_id))["title"] == "Annual plan"
