"""Payment terms in all documented spellings (RULES C26)."""

from datetime import date

import pytest

from services.deals.lifecycle.payment_terms import IMMEDIATE, PaymentTerms, UnknownPaymentTerms, parse_payment_terms

AGREED = date(2026, 3, 9)


class TestSpellings:
    @pytest.mark.parametrize(
        ("value", "days"),
        [
            ("net30", 30),
            ("net_30", 30),
            ("net 60", 60),
            ("NET-15", 15),
            (" Net_7 ", 7),
            ({"type": "net", "days": 30}, 30),
            ({"type": "net_45"}, 45),
        ],
    )
    def test_net_days_defer_the_payment(self, value: object, days: int) -> None:
        assert parse_payment_terms(value) == PaymentTerms(deferred=True, net_days=days)

    @pytest.mark.parametrize(
        "value", ["immediate", "Immediate", "net_0", {"type": "immediate"}, {"type": "net", "days": 0}], ids=str
    )
    def test_immediate_terms_defer_nothing(self, value: object) -> None:
        assert parse_payment_terms(value) == IMMEDIATE

    def test_the_documented_object_names_the_day(self) -> None:
        terms = parse_payment_terms({"type": "net", "due_date": "2026-04-30"})
        assert terms == PaymentTerms(deferred=True, due_date=date(2026, 4, 30))

    @pytest.mark.parametrize(
        "value",
        [
            "",
            "net",
            "net_",
            "net_-5",
            "net_99999",
            "later",
            30,
            None,
            [],
            {},
            {"type": 30},
            {"type": "net"},
            {"type": "later"},
            {"type": "net", "days": -1},
            {"type": "net", "days": True},
            {"type": "net", "days": "30"},
            {"type": "net", "due_date": "2026-02-30"},
            {"type": "net", "due_date": "20260430"},
            {"type": "net", "due_date": 20260430},
        ],
        ids=str,
    )
    def test_anything_else_is_unknown(self, value: object) -> None:
        with pytest.raises(UnknownPaymentTerms):
            parse_payment_terms(value)


class TestDueDates:
    @pytest.mark.parametrize(
        ("value", "due"),
        [
            ("net_30", date(2026, 4, 8)),
            ({"type": "net", "due_date": "2026-04-30"}, date(2026, 4, 30)),
            ({"type": "net", "days": 5, "due_date": "2026-04-30"}, date(2026, 4, 30)),
            ({"type": "immediate", "due_date": "2026-04-01"}, date(2026, 4, 1)),
            ("immediate", None),
        ],
    )
    def test_a_named_day_wins_over_days_after_the_agreement(self, value: object, due: date | None) -> None:
        assert parse_payment_terms(value).due_on(AGREED) == due
