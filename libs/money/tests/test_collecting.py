"""What a payment without an amount asks for."""

from decimal import Decimal as D

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
        assert amount_to_collect(D("108.90"), D(paid), None if deposit is None else D(deposit)) == D(collected)
