"""A seller's workspace that is connected to the stand-in, and the few calls that most tests make."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import stripe

from deploy.stripe_stand_in import Rule, StripeStandIn, Switches
from libs.api.call import Call
from services.payments.tests.door import Callback, Door, hand_on
from tests.support.client import Answer, Client, done
from tests.support.system import System

PAYMENTS = "/v1/payments"
INTENTS = "/v1/payment-intent"


@dataclass
class Workspace:
    """`seller` is a secret key with all scopes; `account` the workspace's account at Stripe."""

    system: System
    stand_in: StripeStandIn
    sdk: stripe.StripeClient
    door: Door
    seller: Client
    account: str = ""

    @property
    def tenant_id(self) -> str:
        return self.seller.principal.tenant_id

    async def connect(self) -> dict[str, str]:
        """Connect accounts that are signed up already; returns them by environment."""
        accounts: dict[str, str] = (await self.ask("payments.connect_demo"))["accounts"]
        self.account = accounts["test"]
        return accounts

    async def ask(self, operation: str, **body: Any) -> Any:
        """What another service of the workspace would get from an internal operation."""
        principal = self.seller.principal.acting_as_service()
        reply = await self.system.installation.call(
            Call("", "", operation=operation, arguments=body, principal=principal)
        )
        assert reply.status == 200, reply.body
        return reply.body["data"]

    async def draft(self, price: Any = "100.00", **fields: Any) -> str:
        """A draft with a customer and one line of the price."""
        email = f"{uuid4().hex[:12]}@example.com"
        customer = await self.seller.post("/v1/customers", {"name": "Jane", "email": email})
        product = await self.seller.post("/v1/products", {"name": "Plan", "price": price})
        body = {"title": "Plan", "customer_id": customer.data["customer"]["id"]} | fields
        deal_id: str = (await self.seller.post("/v1/deals", body)).data["deal"]["id"]
        line = {"product_id": product.data["product"]["id"]}
        done(await self.on_deal(deal_id, "add_item", line))
        return deal_id

    async def deal(self, price: Any = "100.00", **fields: Any) -> str:
        """A deal that stands as an offer and may be paid."""
        deal_id = await self.draft(price, **fields)
        done(await self.on_deal(deal_id, "transition&status=in_progress"))
        return deal_id

    async def on_deal(self, deal_id: str, action: str, body: Any = None, **headers: Any) -> Answer:
        """One of the seller's actions on a deal."""
        return await self.seller.post(f"/v1/deals?id={deal_id}&action={action}", body, **headers)

    async def read_deal(self, deal_id: str) -> dict[str, Any]:
        deal: dict[str, Any] = (await self.seller.get(f"/v1/deals?id={deal_id}")).data["deal"]
        return deal

    async def customer_of(self, deal_id: str) -> str:
        return str((await self.read_deal(deal_id))["customer_id"])

    async def act(self, action: str, body: dict[str, Any], **headers: Any) -> Answer:
        """One of the actions on payments."""
        return await self.seller.post(f"{PAYMENTS}?action={action}", body, **headers)

    async def intent(self, deal_id: str, **body: Any) -> str:
        """A new payment intent; returns its id."""
        made = await self.seller.post(INTENTS, {"deal_id": deal_id} | body)
        return str(made.data["payment_intent_id"])

    async def confirm(self, deal_id: str, intent_id: str, **headers: Any) -> Answer:
        return await self.act("confirm", {"deal_id": deal_id, "payment_intent_id": intent_id}, **headers)

    async def paid(self, price: Any = "100.00", **body: Any) -> tuple[str, str]:
        """A deal and the intent that it was paid with."""
        deal_id = await self.deal(price)
        intent_id = await self.intent(deal_id, **body)
        done(await self.confirm(deal_id, intent_id))
        return deal_id, intent_id

    async def held(self, price: Any = "100.00", **body: Any) -> tuple[str, str]:
        """A deal and an intent with authorised money."""
        return await self.paid(price, capture_method="manual", **body)

    async def payments(self, deal_id: str) -> dict[str, Any]:
        """The answer of payments.get."""
        answered: dict[str, Any] = (await self.seller.get(f"{PAYMENTS}?deal_id={deal_id}")).data
        return answered

    async def with_card(self, intent_id: str, card: str) -> None:
        """Give an intent a payment method, as the customer's browser does."""
        await self.sdk.v1.payment_intents.update_async(intent_id, {"payment_method": card}, self.at_account)

    async def pays_in_browser(self, intent_id: str, card: str = "pm_card_visa") -> None:
        """Confirm an intent at Stripe, past us."""
        await self.sdk.v1.payment_intents.confirm_async(intent_id, {"payment_method": card}, self.at_account)

    async def at_stripe(self, intent_id: str) -> stripe.PaymentIntent:
        return await self.sdk.v1.payment_intents.retrieve_async(intent_id, options=self.at_account)

    @property
    def at_account(self) -> stripe.RequestOptions:
        return {"stripe_account": self.account}

    def disturb(self, *rules: Rule) -> None:
        """Let calls go wrong until the next `disturb`."""
        self.stand_in.switch(Switches(rules=rules))

    async def hear(self, subject: str, *types: str) -> list[Callback]:
        """The callbacks about a subject, once all of the types have come."""
        return await self.door.callbacks(subject, *types)

    async def hand_on(self, *callbacks: Callback) -> list[Answer]:
        """Let callbacks in, in this order."""
        answers = await hand_on(self.system, callbacks)
        await self.system.settle()
        return answers

    async def look_again(self) -> None:
        """Let the timer look into what is open, once it is time."""
        await self.system.run_timer("payments", "resolve_attempts")

    async def money_at_stripe(self) -> tuple[int, int]:
        """Captured and refunded minor units of the workspace's account, by Stripe's own books."""
        lines = [one for one in self.stand_in.state()["intents"] if one["account"] == self.account]
        return sum(one["captured"] for one in lines), sum(one["refunded"] for one in lines)

    async def told(self, name: str, deal_id: str) -> list[dict[str, Any]]:
        """The payloads of a deal's events of a name."""
        return await self.system.told(name, deal_id)

    async def rows(self, query: str, *args: Any) -> list[Any]:
        """What the service's tables hold, past row-level security."""
        return list(await self.system.owner.fetch(query, *args))
