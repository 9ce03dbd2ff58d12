"""How much a payment asks for (pricing semantics, section 3; A39)."""

from decimal import Decimal


def missing_deposit(paid: Decimal, deposit: Decimal | None) -> Decimal:
    """What is left of a deposit; `paid` is captured less refunded."""
    return max((deposit or Decimal(0)) - paid, Decimal(0))


def amount_to_collect(total: Decimal, paid: Decimal, deposit: Decimal | None) -> Decimal:
    """What a payment without an amount charges: an unpaid deposit, else the balance due (A39).

    `paid` is captured less refunded. A deposit that is paid in part is charged for its missing part, and never for more
    than the balance.
    """
    balance = max(total - paid, Decimal(0))
    missing = missing_deposit(paid, deposit)
    return min(missing, balance) if missing else balance
