"""What a payment without an amount asks for."""

from decimal import Decimal

import pytest

from libs.money.collecting import amount_to_collect


class TestCollecting:
    @pytest.mark.parametrize(
        ("paid", "deposit", "collected"),
        [
            ("0", None, "108.90"),
            ("0", "20", "20"),
            ("20", "20", "88.90"),
            ("5", "20", "15"),
            ("0", "500", "108.90"),
            ("108.90", "20", "0.00"),
            ("120", None, "0"),
        ],
    )
    def test_an_unpaid_deposit_then_the_balance(self, paid: str, deposit: str | None, collected: str) -> None:
        wanted = None if deposit is None else Decimal(deposit)
        assert amount_to_collect(Decimal("108.90"), Decimal(paid), wanted) == Decimal(collected)
