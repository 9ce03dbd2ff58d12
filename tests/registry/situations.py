"""What the declaration of an operation cannot tell: values with a meaning, and the state that it acts on."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.api.operation import Operation
from tests.registry.references import Ref
from tests.registry.shop import PASSWORD, SELLER
from tests.registry.stock import Stock

Prepare = Callable[[Stock], Awaitable[object]]


async def as_it_comes(_: Stock) -> None:
    """A deal is in progress with one line, nothing is signed and nothing is paid."""


@dataclass(frozen=True)
class Situation:
    """`values` are members of the request by name; `prepare` brings the resources to where the operation succeeds."""

    values: Mapping[str, Any] = field(default_factory=dict)
    prepare: Prepare = as_it_comes


JSON_RPC = {"jsonrpc": "2.0", "id": 1}
TERMS = {"terms_schema_version": "1.0", "payment_terms": "immediate"}

SITUATIONS: Mapping[str, Situation] = {
    "auth.login": Situation({"email": SELLER, "password": PASSWORD}),
    "onboarding.complete": Situation({"password": PASSWORD, "account_type": "agent"}),
    "playground.check_session": Situation({"key_prefix": "sb_test_abcd"}),
    "deals.create": Situation({"title": "Annual plan"}),
    "deals.transition": Situation({"status": "cancelled"}),
    "deals.set_terms": Situation({"terms": TERMS}),
    "deals.create_configured": Situation(
        {"customer_id": Ref("customer"), "items": [{"product_id": Ref("product")}]},
    ),
    "deals.unsign": Situation(prepare=Stock.sign),
    "deals.signing_certificate": Situation(prepare=Stock.sign),
    "deals.verify": Situation({"id": Ref("deal")}),
    "payment_intents.create": Situation(prepare=Stock.connect),
    "payments.create_intent": Situation(prepare=Stock.connect),
    "payments.generate_link": Situation(prepare=Stock.connect),
    "payments.confirm": Situation(prepare=Stock.pay_in_browser),
    "payments.capture": Situation(prepare=Stock.authorise),
    "payments.refund": Situation(prepare=Stock.pay),
    "payments.charge_saved_method": Situation(prepare=Stock.save_card),
    "payments.disconnect_stripe": Situation(prepare=Stock.connect),
    "webhooks.create": Situation({"events": ["deal.created"]}),
    "webhooks.replay": Situation({"since_sequence": 0}),
    "tenant_public_key.get": Situation({"tenant_id": Ref("tenant")}),
    "mcp.initialize": Situation(JSON_RPC),
    "mcp.tools_list": Situation(JSON_RPC),
    "mcp.tools_call": Situation(JSON_RPC | {"params": {"name": "get_deal", "arguments": {"id": Ref("deal")}}}),
    "mcp.ping": Situation(JSON_RPC),
    "mcp.message": Situation(JSON_RPC | {"method": "prompts/list"}),
}


def situation_of(operation: Operation) -> Situation:
    """The situation of an operation; most need none."""
    return SITUATIONS.get(operation.id, Situation())
