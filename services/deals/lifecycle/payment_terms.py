"""Payment terms in all their documented spellings (RULES C26) and what they mean for closing and for due dates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

_NET = re.compile(r"net[ _-]?([0-9]{1,4})")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class UnknownPaymentTerms(ValueError):
    """Payment terms that are neither `immediate` nor `net` with days or a due date."""


@dataclass(frozen=True, slots=True)
class PaymentTerms:
    """When the price is due: at once, some days after the agreement, or on a day.

    `net_days` is None for immediate terms and for those that name only a day.
    """

    deferred: bool
    net_days: int | None = None
    due_date: date | None = None

    def due_on(self, agreed: date) -> date | None:
        """The day the balance is due, given the day of closing or signing; None where the terms name none.

        A named day wins over a number of days.
        """
        if self.due_date or self.net_days is None:
            return self.due_date
        return agreed + timedelta(days=self.net_days)


IMMEDIATE = PaymentTerms(deferred=False)


def parse_payment_terms(value: object) -> PaymentTerms:
    """Read `immediate`, `net30`, `net_30`, `net 60`, or an object `{type, due_date, days}`.

    `net_0` is immediate. Raises UnknownPaymentTerms with a sentence for the field's error.
    """
    if isinstance(value, str):
        return _from_text(value)
    if isinstance(value, Mapping):
        return _from_object(value)
    raise UnknownPaymentTerms("Payment terms are text such as net_30, or an object with type and due_date.")


def _from_text(text: str) -> PaymentTerms:
    spelling = text.strip().lower()
    if spelling == "immediate":
        return IMMEDIATE
    if net := _NET.fullmatch(spelling):
        return _net(int(net[1]), None)
    raise UnknownPaymentTerms("Payment terms are immediate or net_ with a number of days, such as net_30.")


def _from_object(terms: Mapping[object, object]) -> PaymentTerms:
    kind = terms.get("type")
    if not isinstance(kind, str):
        raise UnknownPaymentTerms("Payment terms as an object need a type, such as net.")
    due_date = _day(terms.get("due_date"))
    if kind.strip().lower() != "net":
        named = _from_text(kind)
        return PaymentTerms(named.deferred, named.net_days, due_date)
    days = terms.get("days")
    if days is None and due_date is None:
        raise UnknownPaymentTerms("Payment terms of type net need a due_date or days.")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= 9999):
        raise UnknownPaymentTerms("The days of payment terms are a whole number from 0 to 9999.")
    return _net(days, due_date)


def _net(days: int | None, due_date: date | None) -> PaymentTerms:
    if days == 0 and due_date is None:
        return IMMEDIATE
    return PaymentTerms(deferred=True, net_days=days, due_date=due_date)


def _day(value: object) -> date | None:
    if value is None:
        return None
    try:
        # fromisoformat alone also takes 20260430 and week dates
        return date.fromisoformat(value if isinstance(value, str) and _DAY.fullmatch(value) else "")
    except ValueError:
        raise UnknownPaymentTerms("The due_date of payment terms is a date, YYYY-MM-DD.") from None
