"""The first integration, as the reference prints it: the same cases for every way of running the system."""

import base64
import hashlib
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import orjson
import pytest
from nacl.signing import VerifyKey

from tests.end_to_end.receiver import Receiver
from tests.end_to_end.systems import System

FIRST_PREVIOUS_HASH = "0" * 64


class FirstDealCases:
    """A subclass provides the fixture `system`."""

    @pytest.fixture
    def receiver(self, system: System) -> Iterator[Receiver]:
        receiver = Receiver()
        hook = system.data("POST", "webhooks", {"url": receiver.url, "events": ["*"], "description": "end to end"})
        receiver.secret = hook["secret"]
        yield receiver
        system.data("DELETE", f"webhooks?id={hook['webhook_id']}")
        receiver.close()

    def product(self, system: System, price: float = 99.0) -> str:
        product = system.data("POST", "products", {"name": "Pro Plan", "price": price, "type": "service"})["product"]
        return str(product["product_id"])

    def customer(self, system: System) -> str:
        body = {"name": "Jane Smith", "email": f"jane-{uuid4().hex}@example.com", "company": "Acme Corp"}
        return str(system.data("POST", "customers", body)["customer"]["customer_id"])

    def deal(self, system: System, price: float = 99.0, quantity: int = 1) -> str:
        """A deal with one line, in progress."""
        body = {"customer_id": self.customer(system), "title": "Pro Plan", "currency": "USD", "tax_rate": 0.10}
        deal = str(system.data("POST", "deals", body)["deal"]["deal_id"])
        item = {"product_id": self.product(system), "name": "Pro Plan", "quantity": quantity, "unit_price": price}
        system.data("POST", f"deals?id={deal}&action=add_item", item)
        assert system.data("POST", f"deals?id={deal}&action=transition&status=in_progress")["status"] == "in_progress"
        return deal

    def test_the_first_integration_closes_a_paid_deal(self, system: System, receiver: Receiver) -> None:
        deal = self.deal(system)
        intent = system.data(
            "POST", "payments?action=create-intent", {"deal_id": deal, "amount": 108.90, "currency": "USD"}
        )
        assert (intent["amount"], intent["currency"]) == (108.9, "usd")
        assert intent["client_secret"].startswith(intent["payment_intent_id"])
        paid = system.data(
            "POST", "payments?action=confirm", {"deal_id": deal, "payment_intent_id": intent["payment_intent_id"]}
        )
        assert (paid["payment_status"], paid["deal_status"], paid["balance_due"]) == ("succeeded", "closed", 0.0)
        closed = receiver.wait_for(lambda one: one["event"] == "deal.closed" and one["data"]["deal_id"] == deal)
        assert closed["data"]["total"] == "108.90"
        receiver.wait_for(lambda one: one["event"] == "payment.received" and one["data"]["deal_id"] == deal)
        assert receiver.refused == 0
        status = system.data("GET", f"payments?deal_id={deal}")
        assert (status["payment_status"], status["amount_paid"]) == ("paid", 108.9)

    def test_the_quick_start_totals_490_05(self, system: System) -> None:
        deal = self.deal(system, quantity=5)
        answer = system.data("POST", f"deals?id={deal}&action=apply_discount", {"type": "percentage", "value": 10})
        assert answer["deal"]["total"] == "490.05"

    def test_15_percent_off_with_10_percent_tax_is_93_53(self, system: System) -> None:
        deal = self.deal(system, price=33.33, quantity=3)
        item = {"product_id": self.product(system), "unit_price": 0.05, "quantity": 1}
        system.data("POST", f"deals?id={deal}&action=add_item", item)
        answer = system.data("POST", f"deals?id={deal}&action=apply_discount", {"type": "percentage", "value": 15})
        assert answer["deal"]["pricing"]["total"] == {"amount": "93.53", "currency": "USD", "formatted": "$93.53"}

    def test_a_retried_creation_makes_one_deal(self, system: System) -> None:
        body, key = {"customer_id": self.customer(system), "currency": "USD", "tax_rate": 0.10}, uuid4().hex
        first = system.call("POST", "deals", body, Idempotency_Key=key)
        second = system.call("POST", "deals", body, Idempotency_Key=key)
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json()["data"] == second.json()["data"]

    def test_a_signature_is_verified_by_anyone(self, system: System) -> None:
        deal = self.deal(system)
        system.data("POST", f"deals?id={deal}&action=sign", {"consent_to_sign": True})
        verification = system.data("GET", f"deals/verify?id={deal}", Authorization="")["verification"]
        assert verification["status"] == "verified"
        signature = verification["signature"]
        key = system.data("GET", f"tenant/public-key?key_id={signature['key_id']}", Authorization="")
        x = key["public_key_jwk"]["x"]
        public = VerifyKey(base64.urlsafe_b64decode(x + "=" * (-len(x) % 4)))
        digest = bytes.fromhex(verification["deal_hash"]["stored"])
        public.verify(digest, base64.b64decode(signature["value"]))
        certificate = system.data("GET", f"deals?id={deal}&action=signing_certificate")
        assert certificate["hash_chain_verification"]["status"] == "verified"

    def test_the_audit_chain_is_recomputed_by_anyone(self, system: System) -> None:
        deal = self.deal(system)
        assert system.data("GET", f"deals?id={deal}&action=verify_audit")["status"] == "verified"
        entries = system.data("GET", f"deals?id={deal}&action=audit")["audit_entries"]
        previous = FIRST_PREVIOUS_HASH
        for entry in entries:
            text = "".join(
                (
                    entry["entity_type"],
                    entry["entity_id"],
                    entry["action"],
                    canonical(entry["changes"]),
                    canonical(entry["snapshot"]),
                    entry["previous_hash"],
                    entry["created_at"],
                )
            )
            assert entry["previous_hash"] == previous
            assert hashlib.sha256(text.encode()).hexdigest() == entry["entry_hash"]
            previous = entry["entry_hash"]

    def test_a_job_can_be_looked_up(self, system: System) -> None:
        deal = self.deal(system)
        answer = system.call(
            "POST", "payments?action=record-manual", {"deal_id": deal, "amount": 108.90, "method": "wire"}
        )
        assert answer.json()["data"]["deal_status"] == "closed"
        job = answer.headers["X-Job-ID"]
        deadline = time.monotonic() + 20
        while (state := system.data("GET", f"queue?id={job}")["state"]) != "completed":
            assert time.monotonic() < deadline, state
            time.sleep(0.1)

    def test_a_partial_refund_is_recorded(self, system: System) -> None:
        deal = self.deal(system)
        system.data("POST", "payments?action=record-manual", {"deal_id": deal, "amount": 108.90, "method": "cash"})
        refund = system.data("POST", "payments?action=refund", {"deal_id": deal, "amount": 8.90, "reason": "a gift"})
        assert (refund["amount_refunded"], refund["payment_status"]) == (8.9, "partially_refunded")

    def test_keys_see_their_own_environment_alone(self, system: System) -> None:
        deal = self.deal(system)
        live = f"Bearer {system.credentials['live_key']}"
        assert system.call("GET", f"deals?id={deal}", Authorization=live).status_code == 404

    def test_nobody_gets_in_without_a_key(self, system: System) -> None:
        answer = system.call("GET", "deals", Authorization="Bearer sb_test_us_nonsense")
        assert (answer.status_code, answer.json()["code"]) == (401, "authentication_error.invalid_credentials")
        assert answer.json()["ref"].startswith("trace_")

    def test_logs_hold_neither_secrets_nor_personal_data(self, system: System) -> None:
        self.deal(system)
        logs = [system.log, *system.home.rglob("*.log")]
        text = "\n".join(path.read_text(errors="replace") for path in logs)
        secrets = [system.credentials[name] for name in ("test_key", "live_key", "password")]
        assert [one for one in [*secrets, "Jane Smith", "@example.com"] if one in _without_welcome(text)] == []


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, as the audit trail hashes it."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()


def _without_welcome(text: str) -> str:
    """The structured lines of the log; the welcome shows a key and examples on purpose."""
    return "\n".join(line for line in text.splitlines() if line.startswith("{"))
