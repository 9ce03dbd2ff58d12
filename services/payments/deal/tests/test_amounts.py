"""How much an intent asks for, and for which deals."""

from decimal import Decimal

import pytest

from libs.errors.types import InvalidFields, OutOfRange
from services.payments.deal.payable import Payable
from services.payments.deal.rules import (
    Charge,
    DealAlreadyClosed,
    DealNotPayable,
    Standing,
    amount_to_charge,
    check_amount,
    check_payable,
    check_takes_manual_payment,
    unpaid_deposit,
)


def standing(paid: str = "0", deposit: str | None = None) -> Standing:
    """A deal of 100.00."""
    return Standing(Decimal(100), Decimal(paid), "USD", None if deposit is None else Decimal(deposit))


@pytest.mark.parametrize(
    ("paid", "deposit", "charge"),
    [
        ("0", None, Charge(Decimal(100), "full")),
        ("0", "30", Charge(Decimal(30), "deposit")),
        ("10", "30", Charge(Decimal(20), "deposit")),
        ("30", "30", Charge(Decimal(70), "full")),
        ("0", "500", Charge(Decimal(100), "full")),
    ],
)
def test_without_an_amount_the_deposit_then_the_balance(paid: str, deposit: str | None, charge: Charge) -> None:
    assert amount_to_charge(standing(paid, deposit), None) == charge


def test_a_given_amount_replaces_both() -> None:
    assert amount_to_charge(standing(deposit="30"), Decimal(5)) == Charge(Decimal(5), "part")


@pytest.mark.parametrize("paid", ["100", "120"])
def test_nothing_due_is_nothing_to_charge(paid: str) -> None:
    with pytest.raises(DealNotPayable):
        amount_to_charge(standing(paid), None)


def test_the_widget_pays_the_deposit_at_least() -> None:
    least = unpaid_deposit(standing(deposit="30"))
    with pytest.raises(OutOfRange):
        amount_to_charge(standing(deposit="30"), Decimal("29.99"), least)
    assert amount_to_charge(standing(deposit="30"), Decimal(30), least).amount == 30


@pytest.mark.parametrize(("amount", "currency"), [("0.005", "USD"), ("1.5", "JPY")])
def test_an_amount_has_no_more_decimals_than_its_currency(amount: str, currency: str) -> None:
    with pytest.raises(InvalidFields):
        check_amount(Decimal(amount), Decimal(100), currency, "amount")


OPEN = ("in_progress", "pending_signature", "awaiting_signatures", "pending_payment", "partially_accepted")


def deal(status: str) -> Payable:
    return Payable("deal_1", status, "USD", Decimal(100), Decimal(100))


@pytest.mark.parametrize("status", OPEN)
def test_open_deals_are_paid(status: str) -> None:
    check_payable(deal(status))
    check_takes_manual_payment(deal(status), Decimal(100))


@pytest.mark.parametrize("status", ["draft", "cancelled", "expired"])
def test_drafts_and_called_off_deals_are_not(status: str) -> None:
    with pytest.raises(DealNotPayable):
        check_payable(deal(status))
    with pytest.raises(DealNotPayable):
        check_takes_manual_payment(deal(status), Decimal(100))


def test_a_closed_deal_takes_what_is_due_by_hand_alone() -> None:
    check_takes_manual_payment(deal("closed"), Decimal("0.01"))
    with pytest.raises(DealAlreadyClosed):
        check_takes_manual_payment(deal("closed"), Decimal(0))
    with pytest.raises(DealAlreadyClosed):
        check_payable(deal("closed"))
