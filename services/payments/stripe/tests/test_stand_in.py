"""The adapter against the stand-in, on behalf of a connected account."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import stripe

from deploy.stripe_stand_in import Rule, StripeStandIn, Switches
from services.payments.stripe.adapter import StripeAdapter, stripe_client
from services.payments.stripe.errors import OutcomeUnknown, Refused
from services.payments.stripe.tests.cases import PaymentCases, Server
from services.payments.stripe.values import Confirmation, NewIntent, NewRefund, NewSession

CARD = ("card",)


@pytest.fixture
async def stand_in(tmp_path: Path) -> AsyncIterator[StripeStandIn]:
    server = StripeStandIn(tmp_path / "stripe.sqlite")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def platform(stand_in: StripeStandIn) -> AsyncIterator[StripeAdapter]:
    transport = stripe.AIOHTTPClient(timeout=5)
    yield StripeAdapter(stripe_client("sk_test_of_the_tests", stand_in.base_url, transport))
    await transport.close_async()  # type: ignore[no-untyped-call]


@pytest.fixture
async def server(platform: StripeAdapter) -> Server:
    account = await platform.create_account("account", {"tenant_id": "tenant_1"})
    return Server(platform.acting_for(account.id), "pm_card_chargeDeclined", CARD)


def of(amount: int, **more: object) -> NewIntent:
    return NewIntent(amount, "usd", {"deal_id": "deal_1"}, method_types=CARD, **more)  # type: ignore[arg-type]


class TestStandIn(PaymentCases):
    """All that the cases ask, and more: keys, saved methods, pages, accounts, and calls without an answer."""

    async def test_a_repeated_key_has_one_effect(self, server: Server) -> None:
        first = await server.adapter.create_intent("same", of(500))
        assert (await server.adapter.create_intent("same", of(500))).id == first.id
        paid = await server.adapter.confirm_intent("pay", first.id, Confirmation(payment_method="pm_card_visa"))
        again = await server.adapter.confirm_intent("pay", first.id, Confirmation(payment_method="pm_card_visa"))
        assert paid == again
        back = [await server.adapter.refund("back", NewRefund(first.id, 100, {})) for _ in range(2)]
        assert back[0].id == back[1].id

    async def test_a_part_of_held_money_is_taken(self, server: Server) -> None:
        made = await server.adapter.create_intent("c", of(500, capture_method="manual", payment_method="pm_card_visa"))
        await server.adapter.confirm_intent("p", made.id, Confirmation())
        taken = await server.adapter.capture_intent("t", made.id, 300)
        assert (taken.amount, taken.amount_received) == (500, 300)

    async def test_a_refusal_shows_the_intent_as_it_is(self, server: Server) -> None:
        made = await server.adapter.create_intent("c", of(500, payment_method="pm_card_visa"))
        await server.adapter.confirm_intent("p", made.id, Confirmation())
        with pytest.raises(Refused) as refused:
            await server.adapter.capture_intent("t", made.id, 500)
        assert refused.value.code == "payment_intent_unexpected_state"
        assert refused.value.intent is not None
        assert refused.value.intent.status == "succeeded"

    async def test_a_saved_method_belongs_to_its_customer(self, server: Server) -> None:
        customer = await server.adapter.create_customer("cu", {})
        made = await server.adapter.create_intent("c", of(500, customer=customer, save_method=True))
        paid = await server.adapter.confirm_intent("p", made.id, Confirmation(payment_method="pm_card_visa"))
        assert (paid.saves_method, paid.customer) == (True, customer)
        assert paid.payment_method is not None
        assert await server.adapter.owner_of_method(paid.payment_method) == customer

    async def test_a_page_is_made_and_closed(self, server: Server) -> None:
        new = NewSession("Annual plan", of(500), "https://shop.example/ok", "https://shop.example/no")
        made = await server.adapter.create_session("s", new)
        assert (made.status, made.intent_id, dict(made.metadata)) == ("open", None, {"deal_id": "deal_1"})
        closed = await server.adapter.expire_session("e", made.id)
        assert (closed.status, closed.url) == ("expired", None)

    async def test_an_account_signs_up(self, platform: StripeAdapter) -> None:
        made = await platform.create_account("a", {"tenant_id": "tenant_1"})
        assert (await platform.create_account("a", {"tenant_id": "tenant_1"})).id == made.id
        assert await platform.retrieve_account(made.id) == made
        assert made.charges_enabled is False
        assert made.id in await platform.sign_up_link(made.id, "https://app.example/back")

    async def test_another_account_sees_nothing(self, server: Server, platform: StripeAdapter) -> None:
        made = await server.adapter.create_intent("c", of(500))
        other = await platform.create_account("other", {})
        with pytest.raises(Refused):
            await platform.acting_for(other.id).retrieve_intent(made.id)
        with pytest.raises(Refused) as refused:
            await platform.acting_for("acct_none").retrieve_intent(made.id)
        assert refused.value.code == "account_invalid"

    @pytest.mark.parametrize(
        "rule",
        [
            Rule(match="POST /v1/payment_intents", effect="drop_before"),
            Rule(match="POST /v1/payment_intents", effect="drop_after"),
            *(Rule(match="POST /v1/payment_intents", effect="error", status=one) for one in (409, 429, 500, 503)),
            Rule(match="POST /v1/payment_intents", effect="error", status=401),
        ],
        ids=lambda rule: f"{rule.effect}-{rule.status}",
    )
    async def test_without_a_certain_answer_the_outcome_is_unknown(
        self, server: Server, stand_in: StripeStandIn, rule: Rule
    ) -> None:
        stand_in.switch(Switches(rules=(rule,)))
        with pytest.raises(OutcomeUnknown):
            await server.adapter.create_intent("k", of(500))
        stand_in.switch(Switches(rules=()))
        await server.adapter.create_intent("k", of(500))
        made = [one for one in stand_in.state()["intents"] if one["amount"] == 500]
        assert len(made) == 1

    async def test_one_lost_answer_is_asked_for_again(self, server: Server, stand_in: StripeStandIn) -> None:
        rule = Rule(match="POST /v1/payment_intents", effect="drop_after", times=1)
        stand_in.switch(Switches(rules=(rule,)))
        await server.adapter.create_intent("k", of(500))
        assert len(stand_in.state()["intents"]) == 1
