"""Whether and how much may be paid for a deal."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from libs.errors.types import Conflict, InvalidFields, OutOfRange
from libs.money.amounts import round_to
from libs.money.collecting import amount_to_collect, missing_deposit
from services.payments.deal.payable import Payable

Purpose = Literal["full", "deposit", "part"]
CLOSED = "closed"
PAYABLE = frozenset(
    {"in_progress", "pending_signature", "awaiting_signatures", "pending_payment", "partially_accepted"}
)


class DealAlreadyClosed(Conflict):
    """The deal is closed."""

    code = "conflict.deal_already_closed"
    message = "The deal is closed; nothing more is collected for it this way."


class DealNotPayable(Conflict):
    """The deal's status takes no payment."""

    code = "conflict.invalid_state"
    message = "The deal's status takes no payment."


@dataclass(frozen=True, slots=True)
class Standing:
    """What was paid for a deal so far: `paid` is captured less refunded."""

    total: Decimal
    paid: Decimal
    currency: str
    deposit: Decimal | None = None

    @property
    def due(self) -> Decimal:
        """What is still to be paid; below zero where too much was."""
        return self.total - self.paid


@dataclass(frozen=True, slots=True)
class Charge:
    """An amount to collect, and what it is for: all that is due, the deposit, or a part that the caller chose."""

    amount: Decimal
    purpose: Purpose


def check_payable(deal: Payable) -> None:
    """Raise DealAlreadyClosed or DealNotPayable unless the deal is open for payment (state machines 1.1)."""
    if deal.status == CLOSED:
        raise DealAlreadyClosed(details={"current_status": deal.status})
    if deal.status not in PAYABLE:
        raise DealNotPayable(details={"current_status": deal.status})


def check_takes_manual_payment(deal: Payable, due: Decimal) -> None:
    """As `check_payable`, but a closed deal takes its deferred balance by hand."""
    if deal.status == CLOSED and due > 0:
        return
    check_payable(deal)


def check_amount(amount: Decimal, most: Decimal, currency: str, field: str) -> None:
    """Raise OutOfRange unless 0 < amount <= `most`, and InvalidFields where it is finer than the currency."""
    if not 0 < amount <= most:
        raise OutOfRange.of(field, f"Input should be above 0 and at most {max(most, Decimal(0)):f}")
    if round_to(amount, currency) != amount:
        raise InvalidFields.of(field, f"Input should have no more decimals than {currency} has")


def check_currency(asked: str | None, deal: Payable) -> None:
    """A payment is taken in the deal's currency.

    Taking it in another settlement currency needs an exchange rate at the moment of payment; there is no source of one.
    """
    if asked is not None and asked != deal.currency:
        raise InvalidFields.of("currency", f"Input should be the currency of the deal, {deal.currency}")


def amount_to_charge(standing: Standing, asked: Decimal | None, least: Decimal = Decimal(0)) -> Charge:
    """The amount that is asked for, else the unpaid deposit, else all that is due (A39).

    `least` is what a given amount may not fall short of. Raises OutOfRange for an amount that does not fit, and
    DealNotPayable where nothing is due.
    """
    if standing.due <= 0:
        raise DealNotPayable("Nothing is due on the deal.")
    if asked is None:
        amount = amount_to_collect(standing.total, standing.paid, standing.deposit)
        return Charge(amount, "full" if amount == standing.due else "deposit")
    check_amount(asked, standing.due, standing.currency, "amount")
    if asked < least:
        raise OutOfRange.of("amount", f"Input should be at least the deposit, {least:f}")
    return Charge(asked, "part")


def unpaid_deposit(standing: Standing) -> Decimal:
    """What is left to pay of the deposit, at most what is due."""
    return min(missing_deposit(standing.paid, standing.deposit), max(standing.due, Decimal(0)))
