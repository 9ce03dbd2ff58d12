"""A stand-in for payments, as far as deals know it: takes the commands of their sagas, and tells them of payments."""

import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from libs.api.fields import Input, Label, Number, Output
from libs.api.operation import internal
from libs.commands.command import Command
from libs.commands.deals import ApplyPayment
from libs.commands.payments import CaptureAuthorised, RecordSettlements, RefundCaptured, VoidPayments
from libs.errors.types import ApiError, Conflict, Unavailable
from libs.sagas.saga import Saga, Step
from libs.service.context import Context
from libs.service.definition import Service, handles
from libs.service.platform import Platform
from tests.support.platform_only import FOLDER


class CardDeclined(Conflict):
    """The provider refuses the capture."""

    code = "conflict.card_declined"
    message = "The card was declined."


class ProviderAway(Unavailable):
    """The provider does not answer."""


@dataclass
class Till:
    """What was asked of payments, deal by deal; a test decides how it goes.

    `refusals` are raised, once for each entry; `meanwhile` runs while the command is carried out.
    """

    asked: list[tuple[str, Command]] = field(default_factory=list)
    refusals: dict[str, list[ApiError]] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)

    def of(self, deal_id: str) -> list[str]:
        """The commands about a deal, in the order they came."""
        return [type(command).__name__ for found, command in self.asked if found == deal_id]

    def command(self, deal_id: str, name: str) -> Any:
        """The only command of a name about a deal."""
        (found,) = [one for deal, one in self.asked if deal == deal_id and type(one).__name__ == name]
        return found

    async def take(self, deal_id: str, command: Command) -> None:
        """Note a command, let the test act, and refuse where it says so."""
        self.asked.append((deal_id, command))
        if act := self.meanwhile.pop(deal_id, None):
            await act()
        if refusals := self.refusals.get(deal_id):
            raise refusals.pop(0)


class PaymentArrived(Saga):
    """A payment happened; the deal is brought up to date with it (state machines 2.5)."""

    kind: ClassVar[str] = "payment.arrived_saga"
    committed: ClassVar[bool] = True
    steps: ClassVar[tuple[Step, ...]] = (Step(do=ApplyPayment),)


class Report(Input):
    """The running sums of a deal's payments."""

    deal_id: Label
    payment_sequence: int
    captured: Number
    refunded: Number
    authorised: Number
    payment_status: Label


class Started(Output):
    """The saga that tells the deal."""

    job_id: str


Ctx = Context[Any, Till]


@internal("payments.arrive")
async def arrive(ctx: Ctx, report: Report) -> Started:
    """Tell a deal of its payments."""
    async with ctx.transaction() as tx:
        data = report.model_dump(mode="json")
        job = await ctx.sagas.start(tx, PaymentArrived, ("deal", report.deal_id), data)
    return Started(job_id=job)


@handles(CaptureAuthorised)
async def capture(ctx: Ctx, command: CaptureAuthorised) -> dict[str, Any]:
    """Capture what is authorised."""
    await ctx.ports.take(command.deal_id, command)
    return {"captured_intents": [f"pi_of_{command.deal_id}"]}


@handles(RefundCaptured)
async def refund(ctx: Ctx, command: RefundCaptured) -> None:
    """Give back what was captured."""
    await ctx.ports.take(command.deal_id, command)


@handles(RecordSettlements)
async def settle(ctx: Ctx, command: RecordSettlements) -> None:
    """Split a deal's total."""
    await ctx.ports.take(command.deal_id, command)


@handles(VoidPayments)
async def void(ctx: Ctx, command: VoidPayments) -> None:
    """Cancel what is open."""
    await ctx.ports.take(command.deal_id, command)


async def open_ports(_: Platform) -> Till:
    """A till of which nothing was asked yet."""
    return Till()


SERVICE = Service(
    name="payments",
    folder=FOLDER,
    features=[sys.modules[__name__]],
    sagas=[PaymentArrived],
    open_ports=open_ports,
)
