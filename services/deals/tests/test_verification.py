"""deals.verify and the signing certificate: what anyone can check, and what tampering shows."""

import json
from base64 import b64decode, b64encode
from typing import Any

import pytest
from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from libs.api.call import Call
from libs.api.principal import ANONYMOUS
from services.deals.tests.workspace import Workspace
from tests.support.callers import as_session
from tests.support.client import Answer, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"


def in_line(name: str, value: str) -> str:
    """SQL that changes a member of the first line."""
    return f"line_items = jsonb_set(line_items, '{{0,{name}}}', '{value}')"


async def verify(shop: Workspace, query: str) -> Answer:
    """Verification by somebody without a key."""
    return await shop.system.client(ANONYMOUS).get(f"{DEALS}/verify?{query}")


async def verdict(shop: Workspace, deal_id: str) -> Any:
    return (await verify(shop, f"id={deal_id}")).data["verification"]


async def signed(shop: Workspace, **fields: Any) -> str:
    """A deal with every kind of content, signed by its key."""
    deal_id = await shop.offer(price=100, terms={"warranty_months": 12}, **fields)
    done(await shop.act(deal_id, "apply_discount", {"type": "percentage", "value": 10}))
    done(await shop.sign(deal_id))
    return deal_id


def is_ed25519(digest: str, value: str, der: str) -> bool:
    """Whether the signature over the 32 bytes of the digest fits the published key."""
    try:
        VerifyKey(b64decode(der)[-32:]).verify(bytes.fromhex(digest), b64decode(value))
    except BadSignatureError:
        return False
    return True


class TestVerify:
    async def test_a_signed_deal_verifies_without_a_key(self, shop: Workspace) -> None:
        deal_id = await signed(shop)
        shown = await verdict(shop, deal_id)
        stored = (await shop.read(deal_id))["signatures"][0]["signature_hash"]
        assert (shown["deal_id"], shown["status"]) == (deal_id, "verified")
        assert shown["message"] == "Deal signature is valid and data is unmodified"
        assert shown["deal_hash"] == {"stored": stored, "current": stored, "matches": True}
        assert (shown["signature"]["valid"], shown["signature"]["signature_algorithm"]) == (True, "ed25519")
        assert shown["verification_method"] == "public_key"

    async def test_anyone_can_check_the_signature_with_the_published_key(self, shop: Workspace) -> None:
        shown = await verdict(shop, await signed(shop))
        digest, signature = shown["deal_hash"]["stored"], shown["signature"]
        published = await shop.system.client(ANONYMOUS).get(f"/v1/tenant/public-key?key_id={signature['key_id']}")
        assert published.data["tenant_id"] == shop.tenant_id
        assert is_ed25519(digest, signature["value"], published.data["public_key"])
        assert not is_ed25519(digest[::-1], signature["value"], published.data["public_key"])

    async def test_it_gives_no_content_away(self, shop: Workspace) -> None:
        deal_id = await signed(shop, title="Secret project", notes="margin", metadata={"codename": "apollo"})
        text = json.dumps((await verify(shop, f"id={deal_id}")).body)
        customer = (await shop.read(deal_id))["customer_id"]
        for content in ("Secret project", "margin", "apollo", "90.00", "100.00", "USD", customer, shop.tenant_id):
            assert content not in text

    async def test_an_unsigned_deal_says_so(self, shop: Workspace) -> None:
        shown = await verdict(shop, await shop.offer())
        assert (shown["status"], shown["signature"]) == ("unsigned", None)
        assert (shown["deal_hash"]["stored"], shown["deal_hash"]["matches"]) == (None, False)

    @pytest.mark.parametrize("change", [{"notes": "n"}, {"metadata": {"a": 1}}])
    async def test_notes_and_metadata_are_not_covered(self, shop: Workspace, change: Any) -> None:
        deal_id = await signed(shop)
        done(await shop.seller.patch(f"{DEALS}?id={deal_id}", change, if_match="*"))
        assert (await verdict(shop, deal_id))["status"] == "verified"

    async def test_payments_and_closing_are_not_covered(self, shop: Workspace) -> None:
        deal_id = await signed(shop)
        await shop.pay(deal_id, captured="90")
        assert (await shop.read(deal_id))["status"] == "closed"
        assert (await verdict(shop, deal_id))["status"] == "verified"

    @pytest.mark.parametrize(
        "tampering",
        [
            "title = 'Another plan'",
            "customer_id = 'cust_else'",
            "currency = 'EUR'",
            "shown_rate = 0.5",
            "deal_type = 'recurring'",
            "billing_cycle = 'annual'",
            "total = 1.00",
            "subtotal = 1.00",
            "discount_total = 1.00",
            "tax_amount = 1.00",
            """terms = terms || '{"warranty_months": 0}'""",
            in_line("quantity", "7"),
            in_line("name", '"Cheap plan"'),
            in_line("product_id", '"prod_else"'),
            in_line("unit_price", '"1.00"'),
            in_line("line_total", '"1.00"'),
            in_line("configuration", '{"colour": "red"}'),
            in_line("acceptance", '"declined"'),
            "line_items = '[]'",
            "discounts = jsonb_set(discounts, '{0,value}', '\"99\"')",
            "discounts = '[]'",
        ],
    )
    async def test_a_change_around_the_api_is_tampering(self, shop: Workspace, tampering: str) -> None:
        deal_id = await signed(shop)
        await shop.system.owner.execute(f"UPDATE deals.deals SET {tampering} WHERE id = $1", deal_id)
        shown = await verdict(shop, deal_id)
        assert (shown["status"], shown["deal_hash"]["matches"]) == ("tampered", False)
        assert shown["deal_hash"]["stored"] != shown["deal_hash"]["current"]
        assert shown["signature"]["valid"] is True

    @pytest.mark.parametrize("forger", ["stored hash", "other tenant's signature", "an earlier signature"])
    async def test_a_forged_signature_is_tampering(self, shop: Workspace, forger: str) -> None:
        session = shop.seller.acting_as(**as_session())
        deal_id = await shop.offer(terms={"signatures": {"required": ["api_key", "user"]}})
        done(await shop.sign(deal_id))
        done(await session.post(f"{DEALS}?id={deal_id}&action=sign", {"consent_to_sign": True}))
        assert (await verdict(shop, deal_id))["status"] == "verified"
        other = shop.seller.acting_as(tenant_id=f"{shop.tenant_id}_b").principal.acting_as_service()
        digest = (await shop.read(deal_id))["signatures"][0]["signature_hash"]
        path, value = {
            "stored hash": ("{1,deal_hash}", "0" * 64),
            "other tenant's signature": ("{1,value}", await signature_of(shop, other, digest)),
            "an earlier signature": ("{0,value}", "A" * 86 + "=="),
        }[forger]
        await shop.system.owner.execute(
            "UPDATE deals.deals SET signatures = jsonb_set(signatures, $2, to_jsonb($3::text)) WHERE id = $1",
            deal_id,
            path.strip("{}").split(","),
            value,
        )
        assert (await verdict(shop, deal_id))["status"] == "tampered"

    async def test_what_to_verify_must_be_one_thing_that_exists(self, shop: Workspace) -> None:
        bad = (400, "validation_error.bad_request")
        assert (await verify(shop, "")).refusal == bad
        assert (await verify(shop, "id=deal_a&contract_id=contract_b")).refusal == bad
        assert (await verify(shop, "id=deal_no")).refusal == (404, "not_found")
        assert (await verify(shop, "contract_id=contract_no")).refusal == (404, "not_found")

    async def test_deals_of_the_live_environment_verify_too(self, shop: Workspace) -> None:
        live = shop.seller.acting_as(environment="live")
        deal_id = (await live.post(DEALS, {"title": "x"})).data["deal"]["id"]
        assert (await verdict(shop, deal_id))["status"] == "unsigned"


async def signature_of(shop: Workspace, principal: Any, digest: str) -> str:
    """What another tenant's key makes of the digest."""
    asked = {"digest": b64encode(bytes.fromhex(digest)).decode()}
    reply = await shop.system.installation.call(
        Call("", "", operation="federation.sign", arguments=asked, principal=principal)
    )
    return str(reply.body["data"]["value"])


class TestCertificate:
    async def certificate(self, shop: Workspace, deal_id: str) -> Any:
        return (await shop.seller.get(f"{DEALS}?id={deal_id}&action=signing_certificate")).data

    async def test_it_lists_deal_signers_consents_and_chain(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100, terms={"signatures": {"required": ["api_key", "user"]}})
        done(await shop.sign(deal_id))
        session = shop.seller.acting_as(**as_session(), ip="203.0.113.7")
        done(await session.post(f"{DEALS}?id={deal_id}&action=sign", {"consent_to_sign": True}))
        shown = await self.certificate(shop, deal_id)
        deal = await shop.read(deal_id)
        assert shown["certificate_version"] == "1.0"
        assert shown["legislation"] == "Electronic Transactions Act 1999 (Cth) and state/territory equivalents"
        assert shown["note"] == "This certificate is produced by Salesbooth and is not legal advice."
        assert shown["deal"] == {
            "deal_id": deal_id,
            "title": "Annual plan",
            "status": "signed",
            "currency": "USD",
            "total": "100.00",
            "created_at": deal["created_at"],
        }
        bare = [
            {name: value for name, value in one.items() if name not in ("ip_address", "signature")}
            for one in shown["signers"]
        ]
        assert bare == deal["signatures"]
        assert [one["ip_address"] for one in shown["signers"]] == [None, "203.0.113.7"]
        assert all(one["signature"].keys() == {"value", "key_id"} for one in shown["signers"])
        (consent,) = shown["consent_events"]
        assert (consent["signer_id"], consent["ip_address"]) == ("user_zoe", "203.0.113.7")
        assert consent["given_at"] == shown["signers"][1]["signed_at"]
        verdict_now = (await shop.seller.get(f"{DEALS}?id={deal_id}&action=verify_audit")).data
        assert shown["hash_chain_verification"] == verdict_now

    async def test_an_unsigned_or_unknown_deal_has_none(self, shop: Workspace) -> None:
        for deal_id in (await shop.offer(), "deal_no"):
            refused = await shop.seller.get(f"{DEALS}?id={deal_id}&action=signing_certificate")
            assert refused.refusal == (404, "not_found")

    async def test_withdrawn_signatures_are_not_on_it(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        done(await shop.sign(deal_id))
        done(await shop.act(deal_id, "unsign"))
        done(
            await shop.seller.acting_as(**as_session()).post(
                f"{DEALS}?id={deal_id}&action=sign", {"consent_to_sign": True}
            )
        )
        assert [one["signer_type"] for one in (await self.certificate(shop, deal_id))["signers"]] == ["user"]
