"""The payment status of a deal, from its sums alone."""

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.payments.ledger.models import PaymentStatus, Sums
from services.payments.ledger.rules import payment_status

TOTAL = Decimal(100)
CASES = [
    # captured, refunded, authorised, last attempt failed, status
    (0, 0, 0, False, "unpaid"),
    (0, 0, 0, True, "failed"),
    (0, 0, 40, False, "authorized"),
    (0, 0, 40, True, "authorized"),
    (40, 0, 0, False, "partially_paid"),
    (40, 0, 60, False, "partially_paid"),
    (40, 0, 0, True, "partially_paid"),
    (100, 0, 0, False, "paid"),
    (120, 0, 0, False, "paid"),
    (100, 0, 0, True, "paid"),
    (100, 20, 0, False, "partially_refunded"),
    (40, 10, 0, False, "partially_refunded"),
    (120, 20, 0, False, "paid"),
    (100, 100, 0, False, "refunded"),
    (40, 40, 0, True, "refunded"),
    (40, 40, 60, False, "refunded"),
    (140, 40, 0, False, "paid"),
]


@pytest.mark.parametrize(("captured", "refunded", "authorised", "failed", "expected"), CASES)
def test_every_case(captured: int, refunded: int, authorised: int, failed: bool, expected: str) -> None:
    sums = Sums(Decimal(captured), Decimal(refunded), Decimal(authorised))
    assert payment_status(sums, TOTAL, failed) == expected


def test_the_cases_cover_every_status() -> None:
    assert {case[-1] for case in CASES} == set(get_args(PaymentStatus))


def test_a_deal_that_costs_nothing_is_unpaid_until_somebody_pays() -> None:
    assert payment_status(Sums(), Decimal(0), last_attempt_failed=False) == "unpaid"


amounts = st.decimals(0, 1000, places=2)


@given(captured=amounts, share=st.decimals(0, 1, places=2), authorised=amounts, total=amounts, failed=st.booleans())
def test_paid_means_that_nothing_is_due(
    captured: Decimal, share: Decimal, authorised: Decimal, total: Decimal, failed: bool
) -> None:
    sums = Sums(captured, (captured * share).quantize(Decimal("0.01")), authorised)
    status = payment_status(sums, total, failed)
    assert (status == "paid") == (sums.paid > 0 and sums.paid >= total)
    assert (status in ("unpaid", "failed", "authorized")) == (captured == 0)
