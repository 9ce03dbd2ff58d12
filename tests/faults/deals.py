"""What the clients do: every deal from its customer to its closing, one step after the other."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from random import Random
from typing import Any, Literal

from tests.faults.caller import PATIENCE_SECONDS, Caller, GaveUp, Reply

Way = Literal["card", "held", "manual"]
WAYS: Sequence[Way] = ("card", "held", "card", "manual")
REFUND = "5.00"
REFUNDED_SHARE = 0.25
THINKING_SECONDS = 2.0


@dataclass(frozen=True)
class Plan:
    """A deal that a client will drive, drawn from the seed. `begins` is in seconds after the storm's beginning."""

    number: int
    begins: float
    way: Way
    unit_price: Decimal
    quantity: int
    refunds: bool
    pauses: Sequence[float]


@dataclass
class Driven:
    """What a client was told of its deal: the data of every acknowledged step, and how it ended."""

    plan: Plan
    acknowledged: dict[str, Any] = field(default_factory=dict)
    refusals: list[str] = field(default_factory=list)
    gave_up: str | None = None

    @property
    def deal_id(self) -> str | None:
        return self.acknowledged["deal"]["deal"]["deal_id"] if "deal" in self.acknowledged else None

    @property
    def title(self) -> str:
        return f"Storm deal {self.plan.number}"


class Refused(Exception):
    """A step was refused, which no retry mends."""


def plans(seed: int, deals: int, seconds: float) -> list[Plan]:
    """The deals in the order of their beginning, spread over the storm."""
    random = Random(f"deals-{seed}")
    begins = sorted(random.uniform(0, seconds) for _ in range(deals))
    return [
        Plan(
            number=number,
            begins=begins[number],
            way=WAYS[number % len(WAYS)],
            unit_price=Decimal(random.randint(1_000, 50_000)) / 100,
            quantity=random.randint(1, 5),
            refunds=random.random() < REFUNDED_SHARE,
            pauses=[random.uniform(0, THINKING_SECONDS) for _ in range(8)],
        )
        for number in range(deals)
    ]


async def work_off(waiting: "asyncio.Queue[Plan]", caller: Caller, product_id: str, done: list[Driven]) -> None:
    """One client: take the next deal when its time has come, until none is left."""
    began = time.monotonic()
    while not waiting.empty():
        plan = waiting.get_nowait()
        await asyncio.sleep(max(0.0, plan.begins - (time.monotonic() - began)))
        driven = Driven(plan)
        done.append(driven)
        try:
            await Drive(caller, driven, product_id).run()
        except GaveUp as given_up:
            driven.gave_up = str(given_up)
        except Refused as refused:
            driven.gave_up = f"refused: {refused}"


@dataclass
class Drive:
    """One deal on its way. Keys are the same for every repetition of a step and for no other step."""

    caller: Caller
    driven: Driven
    product_id: str

    async def run(self) -> None:
        """Raises GaveUp or Refused."""
        plan = self.driven.plan
        person = {"name": f"Customer {plan.number}", "email": f"customer-{plan.number}@example.com"}
        customer = await self._step("customer", "customers", person)
        terms = {"customer_id": customer["customer"]["customer_id"], "title": self.driven.title, "currency": "USD"}
        deal_id = (await self._step("deal", "deals", terms | {"tax_rate": 0.10}))["deal"]["deal_id"]
        item = {"product_id": self.product_id, "name": "Pro Plan", "quantity": plan.quantity}
        price = {"unit_price": str(plan.unit_price)}
        await self._step("item", f"deals?id={deal_id}&action=add_item", item | price)
        offered = await self._step("offer", f"deals?id={deal_id}&action=transition&status=in_progress", None)
        await {"card": self._card, "held": self._held, "manual": self._manual}[plan.way](deal_id, offered["deal"])
        if plan.refunds:
            back = {"deal_id": deal_id, "amount": REFUND, "reason": "storm"}
            await self._step("refund", "payments?action=refund", back)

    async def _card(self, deal_id: str, _: Any) -> None:
        intent = await self._step("intent", "payment-intent", {"deal_id": deal_id})
        paid = {"deal_id": deal_id, "payment_intent_id": intent["payment_intent_id"]}
        await self._step("payment", "payments?action=confirm", paid)

    async def _held(self, deal_id: str, _: Any) -> None:
        intent = await self._step("intent", "payment-intent", {"deal_id": deal_id, "capture_method": "manual"})
        held = {"deal_id": deal_id, "payment_intent_id": intent["payment_intent_id"]}
        await self._step("authorisation", "payments?action=confirm", held)
        await self._close(deal_id)

    async def _manual(self, deal_id: str, deal: Any) -> None:
        money = {"deal_id": deal_id, "amount": deal["total"], "method": "wire"}
        await self._step("payment", "payments?action=record-manual", money)

    async def _close(self, deal_id: str) -> None:
        """Close once the deal knows of its money; a refusal is kept under its key, so each wish has its own."""
        deadline, wish = time.monotonic() + PATIENCE_SECONDS, 0
        while True:
            wish += 1
            reply = await self._send(f"close-{wish}", f"deals?id={deal_id}&action=transition&status=closed", None)
            if reply.ok:
                self.driven.acknowledged["close"] = reply.data
                return
            if await self._is_closed(deal_id):
                return
            if time.monotonic() > deadline:
                raise Refused(self.driven.refusals[-1])
            await asyncio.sleep(1.0)

    async def _is_closed(self, deal_id: str) -> bool:
        reply = await self.caller.get(f"deals?id={deal_id}")
        return reply.ok and reply.data["deal"]["status"] == "closed"

    async def _step(self, name: str, path: str, body: Any) -> Any:
        reply = await self._send(name, path, body)
        if not reply.ok:
            raise Refused(self.driven.refusals[-1])
        self.driven.acknowledged[name] = reply.data
        plan = self.driven.plan
        await asyncio.sleep(plan.pauses[len(self.driven.acknowledged) % len(plan.pauses)])
        return reply.data

    async def _send(self, name: str, path: str, body: Any) -> Reply:
        reply = await self.caller.post(path, body, f"storm-{self.driven.plan.number}-{name}")
        if not reply.ok:
            self.driven.refusals.append(f"{name}: {reply.status} {reply.body.get('code')} {reply.body.get('details')}")
        return reply
