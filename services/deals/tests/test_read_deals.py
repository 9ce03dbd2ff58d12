"""deals.get and deals.list: shape, filters, pages, and what each caller sees."""

from datetime import timedelta
from typing import Any

import pytest

from services.deals.tests.workspace import Workspace
from tests.support.client import Client, done

pytestmark = pytest.mark.asyncio(loop_scope="session")

DEALS = "/v1/deals"
FIELDS = (
    "id tenant_id customer_id title description status deal_type currency tax_rate subtotal total line_items metadata "
    "version created_at updated_at"
)
LINE_FIELDS = "id item_id deal_id product_id quantity unit_price discount line_total name"
SIGNATURE_FIELDS = (
    "signature_id signer_type signer_id signature_method signature_algorithm signature_hash signed_at is_agent_signer"
)


async def ids(caller: Client, query: str = "") -> list[str]:
    """The ids of a page."""
    return [deal["id"] for deal in (await caller.get(f"{DEALS}?{query}")).data["deals"]]


class TestOneDeal:
    async def test_it_comes_with_lines_signatures_and_etag(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=499)
        done(await shop.sign(deal_id))
        answer = await shop.seller.get(f"{DEALS}?id={deal_id}")
        deal = answer.data["deal"]
        assert answer.version == deal["version"]
        assert answer.data.keys() == {"deal"}
        assert deal.keys() >= set(FIELDS.split())
        assert deal["line_items"][0].keys() >= set(LINE_FIELDS.split())
        assert deal["signatures"][0].keys() == set(SIGNATURE_FIELDS.split())

    async def test_an_unknown_one_is_404_with_advice(self, shop: Workspace) -> None:
        refused = await shop.seller.get(f"{DEALS}?id=deal_unknown")
        assert refused.refusal == (404, "not_found")
        assert refused.body["recovery"]["action"] == "check_resource_id"
        assert refused.body["recovery"]["retryable"] is False

    @pytest.mark.parametrize("deal_id", ["deal_%00", "%F0%9F%92%A9", "d" * 5000, "'; DROP TABLE deals --"])
    async def test_no_text_for_an_id_is_a_fault(self, shop: Workspace, deal_id: str) -> None:
        assert (await shop.seller.get(f"{DEALS}?id={deal_id}")).status in (400, 404)

    async def test_fields_keep_the_named_members_and_the_identifiers(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        shown = (await shop.seller.get(f"{DEALS}?id={deal_id}&fields=status,total,nonsense")).data["deal"]
        assert shown.keys() == {"id", "deal_id", "status", "total"}

    async def test_minimal_is_id_status_and_updated_at_and_wins(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        query = f"id={deal_id}&format=minimal&fields=title&include=customer"
        assert (await shop.seller.get(f"{DEALS}?{query}")).data["deal"].keys() == {"id", "status", "updated_at"}

    async def test_include_adds_the_customer_and_exclude_wins(self, shop: Workspace) -> None:
        customer = await shop.customer(company="Acme")
        deal_id = await shop.deal(customer_id=customer)
        shown = (await shop.seller.get(f"{DEALS}?id={deal_id}&include=customer,line_items")).data["deal"]
        assert shown["customer"]["id"] == customer
        assert shown["line_items"] == []
        hidden = (await shop.seller.get(f"{DEALS}?id={deal_id}&include=customer&exclude=customer,line_items")).data[
            "deal"
        ]
        assert hidden.keys().isdisjoint({"customer", "line_items"})

    async def test_both_prefixes_lead_to_it(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        assert (await shop.seller.get(f"/api/v1/deals?id={deal_id}")).data["deal"]["id"] == deal_id

    async def test_an_unknown_action_is_400(self, shop: Workspace) -> None:
        assert (await shop.seller.get(f"{DEALS}?action=nonsense")).refusal == (400, "validation_error.bad_request")


class TestFilters:
    async def test_each_status_and_each_derived_one(self, shop: Workspace) -> None:
        draft = await shop.offer()
        signing, paying, closed = (
            await shop.offer(),
            await shop.offer(),
            await shop.offer(terms={"payment_terms": "net_30"}),
        )
        cancelled = await shop.offer()
        done(await shop.move(signing, "in_progress", "pending_signature"))
        done(await shop.sign(paying))
        done(await shop.sign(closed))
        done(await shop.move(cancelled, "cancelled"))
        expected = {
            "draft": {draft},
            "in_progress": set(),
            "pending_signature": {signing},
            "awaiting_signatures": set(),
            "pending_payment": {paying},
            "partially_accepted": set(),
            "closed": {closed},
            "cancelled": {cancelled},
            "expired": set(),
            "signed": {paying, closed},
            "open": {draft, signing, paying},
            "pending": {signing, paying},
        }
        assert {status: set(await ids(shop.seller, f"status={status}")) for status in expected} == expected

    async def test_customer_times_and_search_narrow_the_list_together(self, shop: Workspace) -> None:
        customer = await shop.customer()
        old = await shop.deal(customer_id=customer, title="First_100% plan")
        shop.system.clock.advance(timedelta(hours=1))
        between = shop.system.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        shop.system.clock.advance(timedelta(hours=1))
        new = await shop.deal(customer_id=customer, title="Second plan")
        other = await shop.deal(title="Other plan")
        seller = shop.seller
        assert await ids(seller, f"customer_id={customer}") == [new, old]
        assert await ids(seller, f"created_after={between}") == [other, new] or set(
            await ids(seller, f"created_after={between}")
        ) == {other, new}
        assert await ids(seller, f"created_before={between}") == [old]
        assert await ids(seller, "search=SECOND") == [new]
        assert await ids(seller, "search=_100%25") == [old]
        assert await ids(seller, f"search={old[-8:]}") == [old]
        assert await ids(seller, f"created_after={between}&customer_id={customer}&search=plan&status=open") == [new]
        assert await ids(seller, f"created_after={between}&search=first") == []

    async def test_a_plain_date_and_an_offset_are_times(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        assert await ids(shop.seller, "created_after=2026-01-01&created_before=2036-12-31T00:00:00%2B10:00") == [
            deal_id
        ]
        assert await ids(shop.seller, "created_before=2026-01-01") == []

    async def test_values_change_nothing_here(self, shop: Workspace) -> None:
        deal_id = await shop.offer(price=100)
        assert await ids(shop.seller, "min_value=1000&max_value=1") == [deal_id]

    @pytest.mark.parametrize(
        "query",
        [
            "status=nonsense",
            "created_after=yesterday",
            "limit=ten",
            "offset=x",
            "sort=title",
            "format=maximal",
            "min_value=x",
        ],
    )
    async def test_a_broken_filter_is_400(self, shop: Workspace, query: str) -> None:
        assert (await shop.seller.get(f"{DEALS}?{query}")).status == 400

    async def test_text_that_no_database_takes_is_no_fault(self, shop: Workspace) -> None:
        assert (await shop.seller.get(f"{DEALS}?search=a%00b")).status in (200, 400)


class TestPages:
    async def test_limit_is_50_and_moved_into_1_to_100(self, shop: Workspace) -> None:
        limits = {
            query: (await shop.seller.get(f"{DEALS}?{query}")).data["pagination"]["limit"]
            for query in ("", "limit=0", "limit=-5", "limit=1000", "limit=7")
        }
        assert limits == {"": 50, "limit=0": 1, "limit=-5": 1, "limit=1000": 100, "limit=7": 7}

    async def test_cursors_visit_each_deal_once_while_others_are_added(self, shop: Workspace) -> None:
        made = [await shop.deal(title=f"{number}") for number in range(5)]
        shop.system.clock.advance(timedelta(seconds=1))
        made += [await shop.deal(title=f"{number}") for number in range(5, 7)]
        seen, cursor, pages = [], "", []
        while True:
            page = (await shop.seller.get(f"{DEALS}?limit=2&{cursor}")).data
            pages.append(page)
            seen += [deal["id"] for deal in page["deals"]]
            shop.system.clock.advance(timedelta(seconds=1))
            await shop.deal(title="added meanwhile")
            if page["pagination"]["next_cursor"] is None:
                break
            cursor = f"offset=3&after={page['pagination']['next_cursor']}"
        assert sorted(seen) == sorted(made)
        assert set(seen[:2]) == set(made[5:])
        assert pages[0]["pagination"]["prev_cursor"] is None
        assert [page["pagination"]["count"] for page in pages] == [2, 2, 2, 1]

    async def test_prev_cursor_leads_back(self, shop: Workspace) -> None:
        for number in range(5):
            await shop.deal(title=f"{number}")
            shop.system.clock.advance(timedelta(seconds=1))
        first = (await shop.seller.get(f"{DEALS}?limit=2")).data
        second = (await shop.seller.get(f"{DEALS}?limit=2&after={first['pagination']['next_cursor']}")).data
        back = (await shop.seller.get(f"{DEALS}?limit=2&before={second['pagination']['prev_cursor']}")).data
        assert [deal["title"] for deal in second["deals"]] == ["2", "1"]
        assert back["deals"] == first["deals"]
        assert back["pagination"]["prev_cursor"] is None

    async def test_pages_by_offset_say_where_they_stand(self, shop: Workspace) -> None:
        for number in range(3):
            await shop.deal(title=f"{number}")
            shop.system.clock.advance(timedelta(seconds=1))
        page = (await shop.seller.get(f"{DEALS}?limit=2&offset=1")).data
        assert [deal["title"] for deal in page["deals"]] == ["1", "0"]
        shown = {name: page["pagination"][name] for name in ("total", "limit", "offset", "count", "next_cursor")}
        assert shown == {"total": 3, "limit": 2, "offset": 1, "count": 2, "next_cursor": None}

    async def test_sort_by_change_brings_the_changed_one_first(self, shop: Workspace) -> None:
        first = await shop.deal(title="first")
        shop.system.clock.advance(timedelta(seconds=1))
        second = await shop.deal(title="second")
        shop.system.clock.advance(timedelta(seconds=1))
        done(await shop.seller.patch(f"{DEALS}?id={first}", {"notes": "n"}, if_match=1))
        assert await ids(shop.seller, "sort=updated_at") == [first, second]
        assert await ids(shop.seller) == [second, first]

    async def test_a_damaged_cursor_is_400(self, shop: Workspace) -> None:
        await shop.deal()
        await shop.deal()
        cursor = (await shop.seller.get(f"{DEALS}?limit=1")).data["pagination"]["next_cursor"]
        damaged = cursor[:-2] + ("aa" if cursor[-2:] != "aa" else "bb")
        for token in (damaged, "nonsense", "%00", cursor[:5]):
            refused = await shop.seller.get(f"{DEALS}?after={token}")
            assert refused.refusal == (400, "validation_error.bad_request")

    async def test_rows_are_shaped_like_single_deals(self, shop: Workspace) -> None:
        await shop.deal()
        (minimal,) = (await shop.seller.get(f"{DEALS}?format=minimal")).data["deals"]
        assert minimal.keys() == {"id", "status", "updated_at"}
        page: dict[str, Any] = (await shop.seller.get(f"{DEALS}?fields=id,status,total&exclude=total")).data
        assert page["deals"][0].keys() == {"id", "deal_id", "status"}
        assert page["pagination"]["total"] == 1


class TestIsolation:
    async def test_another_tenant_or_environment_finds_nothing(self, shop: Workspace) -> None:
        deal_id = await shop.offer()
        strangers = [shop.seller.acting_as(tenant_id="us_tenant_else"), shop.seller.acting_as(environment="live")]
        item = (await shop.read(deal_id))["line_items"][0]["id"]
        asked: list[tuple[str, str, Any]] = [
            ("GET", f"{DEALS}?id={deal_id}", None),
            ("GET", f"{DEALS}/{deal_id}/valid-transitions", None),
            ("GET", f"{DEALS}?id={deal_id}&action=valid_transitions", None),
            ("GET", f"{DEALS}?id={deal_id}&action=audit", None),
            ("GET", f"{DEALS}?id={deal_id}&action=verify_audit", None),
            ("GET", f"{DEALS}?id={deal_id}&action=terms", None),
            ("GET", f"{DEALS}?id={deal_id}&action=signing_certificate", None),
            ("PATCH", f"{DEALS}?id={deal_id}", {"title": "mine"}),
            ("DELETE", f"{DEALS}?id={deal_id}", None),
            ("DELETE", f"{DEALS}?id={deal_id}&action=remove_item&item_id={item}", None),
            ("POST", f"{DEALS}?id={deal_id}&action=update_item&item_id={item}", {"quantity": 2}),
            ("POST", f"{DEALS}?id={deal_id}&action=apply_discount", {"type": "fixed", "value": 1}),
            ("POST", f"{DEALS}?id={deal_id}&action=set-terms", {"terms": {}}),
            ("POST", f"{DEALS}?id={deal_id}&action=transition&status=cancelled", None),
            ("POST", f"{DEALS}?id={deal_id}&action=sign", {}),
            ("POST", f"{DEALS}?id={deal_id}&action=unsign", {}),
        ]
        before = await shop.read(deal_id)
        for stranger in strangers:
            for method, address, body in asked:
                refused = await stranger.send(method, address, body, if_match="*")
                assert (address, refused.status, refused.body["code"]) == (address, 404, "not_found")
            assert await ids(stranger, f"search={deal_id}") == []
        assert await shop.read(deal_id) == before

    async def test_a_query_without_a_tenant_sees_no_row(self, shop: Workspace) -> None:
        deal_id = await shop.deal()
        statement = "SELECT count(*) FROM deals WHERE id = $1"
        async with shop.system.connected("deals", "app") as connection:
            assert await connection.fetchval(statement, deal_id) == 0
            tables = ("deals", "deal_terms", "audit_entries", "audit_heads", "idempotency", "sagas")
            assert [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables] == [0] * 6
        assert await shop.system.owner.fetchval(statement.replace("deals", "deals.deals"), deal_id) == 1
