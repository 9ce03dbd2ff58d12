"""What the adapter does with any server that speaks Stripe's protocol."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import uuid4

import pytest

from services.payments.stripe.adapter import StripeAdapter
from services.payments.stripe.errors import Declined, Refused
from services.payments.stripe.values import Confirmation, NewIntent, NewRefund


@dataclass
class Server:
    """A server under test, as the adapter sees it, and what its test cards are called."""

    adapter: StripeAdapter
    declining: str
    method_types: tuple[str, ...] = ()
    good: str = "pm_card_visa"

    def key(self) -> str:
        """A fresh idempotency key."""
        return uuid4().hex


class PaymentCases:
    """The payment of one amount, from the intent to the refund. Subclasses give the server."""

    AMOUNT: ClassVar[int] = 10_000

    async def intent(self, server: Server, card: str, **more: object) -> str:
        """A new intent that is to be paid by a card."""
        new = NewIntent(
            amount=self.AMOUNT,
            currency="usd",
            metadata={"deal_id": "deal_1"},
            method_types=server.method_types,
            payment_method=card,
            **more,  # type: ignore[arg-type]
        )
        made = await server.adapter.create_intent(server.key(), new)
        assert (made.amount, made.currency, made.status) == (self.AMOUNT, "usd", "requires_confirmation")
        assert made.client_secret is not None
        assert dict(made.metadata) == {"deal_id": "deal_1"}
        return made.id

    async def test_a_good_card_pays(self, server: Server) -> None:
        intent_id = await self.intent(server, server.good)
        paid = await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        assert (paid.status, paid.amount_received, paid.failure) == ("succeeded", self.AMOUNT, None)
        assert (await server.adapter.retrieve_intent(intent_id)).status == "succeeded"

    async def test_a_decline_names_its_reason_and_stays_to_be_seen(self, server: Server) -> None:
        intent_id = await self.intent(server, server.declining)
        with pytest.raises(Declined) as declined:
            await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        assert declined.value.failure.code == "card_declined"
        after = await server.adapter.retrieve_intent(intent_id)
        assert after.status == "requires_payment_method"
        assert after.failure is not None
        assert after.failure.attempt == declined.value.failure.attempt is not None

    async def test_held_money_is_taken(self, server: Server) -> None:
        intent_id = await self.intent(server, server.good, capture_method="manual")
        held = await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        assert (held.status, held.amount_received) == ("requires_capture", 0)
        taken = await server.adapter.capture_intent(server.key(), intent_id, self.AMOUNT)
        assert (taken.status, taken.amount_received) == ("succeeded", self.AMOUNT)

    async def test_held_money_is_released(self, server: Server) -> None:
        intent_id = await self.intent(server, server.good, capture_method="manual")
        await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        assert (await server.adapter.cancel_intent(server.key(), intent_id)).status == "canceled"

    async def test_parts_go_back_and_are_listed(self, server: Server) -> None:
        intent_id = await self.intent(server, server.good)
        await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        made = [
            await server.adapter.refund(server.key(), NewRefund(intent_id, amount, {"refund_id": name}))
            for amount, name in ((3333, "a"), (6667, "b"))
        ]
        assert [(one.status, one.intent_id) for one in made] == 2 * [("succeeded", intent_id)]
        listed = await server.adapter.refunds_of(intent_id)
        assert {(one.id, one.amount, one.metadata["refund_id"]) for one in listed} == {
            (made[0].id, 3333, "a"),
            (made[1].id, 6667, "b"),
        }

    async def test_what_cannot_be_done_is_refused(self, server: Server) -> None:
        intent_id = await self.intent(server, server.good)
        await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        with pytest.raises(Refused):
            await server.adapter.confirm_intent(server.key(), intent_id, Confirmation())
        with pytest.raises(Refused):
            await server.adapter.cancel_intent(server.key(), intent_id)

    async def test_an_unknown_intent_is_refused(self, server: Server) -> None:
        with pytest.raises(Refused):
            await server.adapter.retrieve_intent("pi_none")

    async def test_a_customer_is_made_without_personal_data(self, server: Server) -> None:
        made = await server.adapter.create_customer(server.key(), {"customer_id": "cust_1"})
        assert made.startswith("cus_")
