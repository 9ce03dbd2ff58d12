"""A seller's workspace: the few calls by which most tests bring a deal to where they need it."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from libs.api.call import Call
from tests.support.client import Answer, Client, done
from tests.support.payments import Till
from tests.support.system import System


@dataclass
class Workspace:
    """`seller` is a secret key with all scopes; other callers of the workspace are made of it."""

    system: System
    seller: Client
    reports: int = 0

    @property
    def tenant_id(self) -> str:
        return self.seller.principal.tenant_id

    @property
    def till(self) -> Till:
        """The payments stand-in."""
        till: Till = self.system.ports("payments")
        return till

    async def customer(self, company: str | None = "Acme", email: str = "") -> str:
        """A customer of the workspace."""
        person = {"name": "Jo Doe", "email": email or f"{uuid4().hex}@example.com", "company": company}
        made = await self.seller.post("/v1/customers", person)
        customer_id: str = made.data["customer"]["id"]
        return customer_id

    async def customers(self) -> list[str]:
        """The ids of the customers that everyone sees."""
        page = await self.seller.get("/v1/customers?limit=100")
        return [one["id"] for one in page.data["customers"]]

    async def product(self, **fields: Any) -> str:
        """A product; 99.00 a piece unless told otherwise."""
        made = await self.seller.post("/v1/products", {"name": "Pro Plan", "price": 99.00} | fields)
        product_id: str = made.data["product"]["id"]
        return product_id

    async def deal(self, **fields: Any) -> str:
        """An empty draft."""
        made = await self.seller.post("/v1/deals", {"title": "Annual plan"} | fields)
        deal_id: str = made.data["deal"]["id"]
        return deal_id

    async def offer(self, price: Any = 100, terms: dict[str, Any] | None = None, **fields: Any) -> str:
        """A draft with a customer and one line of the price, ready for everything."""
        deal_id = await self.deal(**{"customer_id": await self.customer()} | fields)
        product_id = await self.product(price=price)
        done(await self.act(deal_id, "add_item", {"product_id": product_id}))
        if terms:
            done(await self.set_terms(deal_id, **terms))
        return deal_id

    async def act(self, deal_id: str, action: str, body: Any = None, **headers: Any) -> Answer:
        """One of the seller's actions on a deal; `action` may hold further query parameters."""
        return await self.seller.post(f"/v1/deals?id={deal_id}&action={action}", body, **headers)

    async def move(self, deal_id: str, *targets: str) -> Answer:
        """Transitions one after the other; the answer to the last."""
        for target in targets[:-1]:
            done(await self.act(deal_id, f"transition&status={target}"))
        return await self.act(deal_id, f"transition&status={targets[-1]}")

    async def set_terms(self, deal_id: str, **terms: Any) -> Answer:
        """Attach terms; version and immediate payment unless told otherwise."""
        whole = {"terms_schema_version": "1.0", "payment_terms": "immediate"} | terms
        return await self.act(deal_id, "set-terms", {"terms": whole})

    async def sign(self, deal_id: str, **body: Any) -> Answer:
        """Sign as the key itself."""
        return await self.act(deal_id, "sign", body)

    async def read(self, deal_id: str) -> dict[str, Any]:
        """A deal as it is now."""
        deal: dict[str, Any] = (await self.seller.get(f"/v1/deals?id={deal_id}")).data["deal"]
        return deal

    async def pay(self, deal_id: str, **sums: Any) -> dict[str, Any]:
        """Let payments tell the deal of its running sums; returns what the deal answered."""
        self.reports += 1
        job = await self.tell_payment(deal_id, **{"payment_sequence": self.reports} | sums)
        await self.system.settle()
        data = await self.system.owner.fetchval("SELECT data FROM payments.sagas WHERE id = $1", job)
        answered: dict[str, Any] = orjson.loads(data)
        return answered

    async def tell_payment(self, deal_id: str, **sums: Any) -> str:
        """As `pay`, without waiting for the deal; returns the job of the saga."""
        nothing = {"captured": 0, "refunded": 0, "authorised": 0, "payment_status": "paid"}
        return str((await self.ask("payments.arrive", deal_id=deal_id, **nothing | sums))["job_id"])

    async def ask(self, operation: str, **body: Any) -> dict[str, Any]:
        """What another service is answered."""
        principal = self.seller.principal.acting_as_service()
        reply = await self.system.installation.call(
            Call("", "", operation=operation, arguments=body, principal=principal)
        )
        assert reply.status == 200, reply.body
        data: dict[str, Any] = reply.body["data"]
        return data

    async def job(self, job_id: str) -> dict[str, Any]:
        """A background job of the deals service."""
        return await self.ask("deals.job", job_id=job_id)
