"""A service that leads sagas of payment commands, as deals does, for the commands that a test orders by itself."""

import sys
from typing import Any

from libs.api.fields import Id, Input, Output
from libs.api.operation import internal
from libs.commands.payments import RecordSettlements, RefundCaptured
from libs.sagas.saga import Saga, Step
from libs.service.context import Context
from libs.service.definition import Service
from tests.support.platform_only import FOLDER


class TakeBack(Saga):
    """Give captured money back."""

    kind = "leader.take_back"
    committed = True
    steps = (Step(do=RefundCaptured),)


class Settle(Saga):
    """Settle a deal."""

    kind = "leader.settle"
    committed = True
    steps = (Step(do=RecordSettlements),)


SAGAS = {saga.kind: saga for saga in (TakeBack, Settle)}


class Order(Input):
    """A saga and its data."""

    kind: str
    deal_id: Id
    data: dict[str, Any]


class Ordered(Output):
    """Which job it became."""

    job_id: str


@internal("leader.order")
async def order(ctx: Context[Any, None], wanted: Order) -> Ordered:
    """Begin a saga."""
    async with ctx.transaction() as tx:
        data = wanted.data | {"deal_id": wanted.deal_id}
        job_id = await ctx.sagas.start(tx, SAGAS[wanted.kind], ("deal", wanted.deal_id), data)
    return Ordered(job_id=job_id)


SERVICE = Service(name="leader", folder=FOLDER, features=[sys.modules[__name__]], sagas=[TakeBack, Settle])
