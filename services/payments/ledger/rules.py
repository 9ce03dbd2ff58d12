"""What the payments of a deal amount to."""

from decimal import Decimal

from services.payments.ledger.models import PaymentStatus, Sums


def payment_status(sums: Sums, total: Decimal, last_attempt_failed: bool) -> PaymentStatus:
    """The deal's payment status, derived from its payments alone (A22).

    Money that was taken decides first, then money that is held, then whether the latest attempt failed.
    """
    if sums.captured > 0:
        return _after_payment(sums, total)
    if sums.authorised > 0:
        return "authorized"
    return "failed" if last_attempt_failed else "unpaid"


def _after_payment(sums: Sums, total: Decimal) -> PaymentStatus:
    if sums.paid <= 0:
        return "refunded"
    if sums.paid >= total:
        return "paid"
    return "partially_refunded" if sums.refunded > 0 else "partially_paid"
