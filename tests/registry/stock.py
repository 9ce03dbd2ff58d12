"""One resource of each kind, made when a request needs it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from uuid import uuid4

import stripe

from deploy.stripe_stand_in.tests.clients import closing_client
from libs.api.call import Call
from services.webhooks.tests.workspace import Workspace as Endpoints
from tests.support.client import Client, done
from tests.support.system import System

CARD = "pm_card_visa"
Make = Callable[["Stock"], Awaitable[str]]
EVENT = "customer.deleted"
"""What the endpoints subscribe to; nothing else in these tests brings it about."""


@dataclass
class Stock:
    """Resources that belong together, around one deal. `keys` calls as the one who may manage API keys."""

    system: System
    client: Client
    keys: Client
    made: dict[str, str] = field(default_factory=dict)

    async def find(self, kind: str) -> str:
        """The id of the resource of a kind; a KeyError for one that nobody has told how to make."""
        if kind not in self.made:
            self.made[kind] = await KINDS[kind](self)
        return self.made[kind]

    async def everything(self) -> None:
        """Make one of each kind."""
        for kind in KINDS:
            await self.find(kind)

    async def act(self, action: str, body: object = None) -> None:
        """One of the actions on the deal."""
        done(await self.client.post(f"/v1/deals?id={await self.find('deal')}&action={action}", body))

    async def payments(self, action: str, **body: object) -> None:
        """One of the actions on payments of the deal."""
        done(await self.client.post(f"/v1/payments?action={action}", {"deal_id": await self.find("deal")} | body))

    async def sign(self) -> None:
        """Sign the deal."""
        await self.act("sign", {})

    async def connect(self) -> str:
        """Connect the workspace to the stand-in of Stripe; returns its account there."""
        principal = self.client.principal.acting_as_service()
        call = Call("", "", operation="payments.connect_demo", arguments={}, principal=principal)
        reply = await self.system.installation.call(call)
        assert reply.status == 200, reply.body
        return str(reply.body["data"]["accounts"][principal.environment])

    async def pay(self) -> None:
        """Pay the deal by the intent."""
        await self.pay_in_browser()
        await self.payments("confirm", payment_intent_id=await self.find("payment_intent"))

    async def pay_in_browser(self) -> None:
        """Let the customer pay by the intent, which nobody here has heard of yet."""
        intent_id, settings = await self.find("payment_intent"), self.system.installation.settings
        keys = {"test": settings.stripe_api_key, "live": settings.stripe_live_api_key}
        key = keys[self.client.principal.environment].get_secret_value()
        async with closing_client(settings.stripe_base, key) as browser:
            at_account: stripe.RequestOptions = {"stripe_account": await self.connect()}
            await browser.v1.payment_intents.confirm_async(intent_id, {"payment_method": CARD}, at_account)

    async def authorise(self) -> None:
        """Let the intent hold the money without taking it."""
        self.made["payment_intent"] = await _intent(self, capture_method="manual")
        await self.pay()

    async def save_card(self) -> None:
        """Pay the deal by a card that is kept, and open another deal with the customer."""
        await self.pay()
        self.made["deal"] = await _deal(self)


async def _customer(stock: Stock) -> str:
    body = {"name": "Jane Smith", "email": f"{uuid4().hex[:12]}@example.com"}
    return str(done(await stock.client.post("/v1/customers", body))["customer"]["id"])


async def _product(stock: Stock) -> str:
    return str(done(await stock.client.post("/v1/products", {"name": "Plan", "price": 100}))["product"]["id"])


async def _deal(stock: Stock) -> str:
    """A deal in progress with one line."""
    body = {"customer_id": await stock.find("customer")}
    deal_id = str(done(await stock.client.post("/v1/deals", body))["deal"]["id"])
    line = {"product_id": await stock.find("product")}
    added = done(await stock.client.post(f"/v1/deals?id={deal_id}&action=add_item", line))
    stock.made["item"] = added["line_item"]["id"]
    done(await stock.client.post(f"/v1/deals?id={deal_id}&action=transition&status=in_progress"))
    return deal_id


async def _item(stock: Stock) -> str:
    await stock.find("deal")
    return stock.made["item"]


async def _intent(stock: Stock, **more: str) -> str:
    await stock.connect()
    body = {"deal_id": await stock.find("deal")} | more
    return str(done(await stock.client.post("/v1/payment-intent", body))["payment_intent_id"])


async def _webhook(stock: Stock) -> str:
    return str((await Endpoints(stock.system, stock.client).register("https://hooks.example.com/in", EVENT))["id"])


async def _delivery(stock: Stock) -> str:
    """A delivery that has failed for good, since nobody resolves the name of the endpoint."""
    webhook_id = await stock.find("webhook")
    done(await stock.client.delete(f"/v1/customers?id={await _customer(stock)}", if_match="*"))
    endpoints = Endpoints(stock.system, stock.client)
    await endpoints.quiet()
    for minutes in (2, 10):
        await endpoints.pass_time(minutes=minutes)
        await endpoints.quiet()
    failed = await endpoints.deliveries(webhook_id, "&status=failed")
    return str(failed[0]["id"])


async def _job(stock: Stock) -> str:
    """The job of a deal that was paid by hand."""
    other = Stock(stock.system, stock.client, stock.keys)
    body = {"deal_id": await other.find("deal"), "amount": 100, "method": "cash"}
    paid = await other.client.post("/v1/payments?action=record-manual", body)
    assert paid.status == 200, paid.body
    return paid.headers["X-Job-ID"]


async def _key(stock: Stock) -> str:
    return str(done(await stock.keys.post("/v1/keys", {"name": "Key", "environment": "test"}))["id"])


async def _tenant(stock: Stock) -> str:
    return stock.client.principal.tenant_id


KINDS: Mapping[str, Make] = {
    "tenant": _tenant,
    "customer": _customer,
    "product": _product,
    "deal": _deal,
    "item": _item,
    "payment_intent": _intent,
    "webhook": _webhook,
    "delivery": _delivery,
    "job": _job,
    "key": _key,
}
