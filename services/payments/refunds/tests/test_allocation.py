"""How a refund is spread over the payments of a deal."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors.types import OutOfRange
from services.payments.ledger.models import Entry
from services.payments.ledger.store import Refundable
from services.payments.refunds.rules import NoRefundablePayment, allocate, entry_status

AT = datetime(2026, 3, 9, tzinfo=UTC)
cents = st.integers(1, 10**6).map(lambda count: Decimal(count) / 100)


def payments(*left: Decimal) -> list[Refundable]:
    """Payments with so much left of each."""
    return [
        Refundable(Entry(f"pay_{number}", "deal_1", "charge", "card", amount, "USD", "succeeded", AT), amount)
        for number, amount in enumerate(left)
    ]


def test_without_an_amount_all_of_each_goes_back() -> None:
    parts = allocate(payments(Decimal(40), Decimal(60)), None, "USD")
    assert [(part.payment.id, part.amount) for part in parts] == [("pay_0", Decimal(40)), ("pay_1", Decimal(60))]


def test_the_first_is_used_up_before_the_next() -> None:
    parts = allocate(payments(Decimal(40), Decimal(60), Decimal(5)), Decimal("40.01"), "USD")
    assert [(part.payment.id, part.amount) for part in parts] == [("pay_0", Decimal(40)), ("pay_1", Decimal("0.01"))]


def test_nothing_left_is_a_conflict() -> None:
    with pytest.raises(NoRefundablePayment):
        allocate([], Decimal(1), "USD")


@pytest.mark.parametrize("asked", ["0", "-1", "100.01"])
def test_an_amount_that_is_not_left_is_out_of_range(asked: str) -> None:
    with pytest.raises(OutOfRange):
        allocate(payments(Decimal(100)), Decimal(asked), "USD")


@given(left=st.lists(cents, min_size=1, max_size=8), share=st.integers(1, 100))
def test_the_parts_add_up_and_none_exceeds_its_payment(left: list[Decimal], share: int) -> None:
    asked = (sum(left, Decimal(0)) * share / 100).quantize(Decimal("0.01")) or Decimal("0.01")
    parts = allocate(payments(*left), asked, "USD")
    assert sum(part.amount for part in parts) == asked
    assert all(0 < part.amount <= part.payment.amount for part in parts)


@pytest.mark.parametrize(
    ("at_stripe", "kept"),
    [
        ("succeeded", "succeeded"),
        ("pending", "processing"),
        ("requires_action", "processing"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_stripes_word_for_a_refund(at_stripe: str, kept: str) -> None:
    assert entry_status(at_stripe) == kept
