"""Which report of an intent counts, and which intents may stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from services.payments.intents.models import Intent
from services.payments.intents.rules import still_fits, supersedes
from services.payments.stripe.values import ProviderIntent

AT = datetime(2026, 3, 9, 10, tzinfo=UTC)
INTENT = Intent(
    id="pi_1",
    deal_id="deal_1",
    account_id="acct_1",
    amount=Decimal(100),
    received=Decimal(0),
    currency="USD",
    status="requires_payment_method",
    purpose="full",
    capture_method="automatic",
    link_id=None,
    seen_at=AT,
    created_at=AT,
)
EARLIER, LATER = AT - timedelta(seconds=5), AT + timedelta(seconds=5)


@pytest.mark.parametrize(
    ("kept", "seen", "at", "counts"),
    [
        ("requires_payment_method", "requires_action", LATER, True),
        ("requires_payment_method", "requires_action", EARLIER, False),
        ("processing", "requires_payment_method", LATER, True),
        ("requires_action", "requires_capture", EARLIER, True),
        ("requires_action", "succeeded", EARLIER, True),
        ("requires_capture", "requires_action", LATER, False),
        ("requires_capture", "requires_capture", LATER, False),
        ("requires_capture", "succeeded", EARLIER, True),
        ("requires_capture", "canceled", EARLIER, True),
        ("succeeded", "requires_payment_method", LATER, False),
        ("succeeded", "canceled", LATER, False),
        ("canceled", "succeeded", LATER, False),
    ],
)
def test_reports_may_overtake_each_other(kept: str, seen: str, at: datetime, counts: bool) -> None:
    report = ProviderIntent("pi_1", seen, 10_000, 0, "usd")
    assert supersedes(replace(INTENT, status=kept), report, at) is counts


@pytest.mark.parametrize(
    ("purpose", "due", "fits"),
    [
        ("full", "100", True),
        ("full", "99.99", False),
        ("full", "100.01", False),
        ("part", "100.01", True),
        ("part", "99.99", False),
        ("deposit", "100", True),
        ("deposit", "99", False),
    ],
)
def test_an_intent_fits_what_is_due(purpose: str, due: str, fits: bool) -> None:
    intent = replace(INTENT, purpose=purpose)  # type: ignore[arg-type]
    assert still_fits(intent, Decimal(due)) is fits
