"""Why a deal refuses something."""

from libs.errors.types import ApiError, Conflict, OutOfRange
from services.deals.lifecycle.state_machine import Reason, Refused


class DealAlreadyClosed(Conflict):
    """The deal is closed."""

    code = "conflict.deal_already_closed"
    message = "The deal is closed and does not change any more."


class InvalidTransition(Conflict):
    """No way leads from the present status to the target."""

    code = "conflict.invalid_transition"
    message = "The deal cannot move from its present status to this one."


class ConditionsNotMet(Conflict):
    """The way exists, but a condition of it does not hold."""

    code = "conflict.conditions_not_met"
    message = "The deal does not meet the conditions for this yet."


class InvalidState(Conflict):
    """The deal's status does not allow this."""

    code = "conflict.invalid_state"
    message = "The deal's status does not allow this."


class DealSigned(Conflict):
    """The deal carries a signature, so what it covers does not change."""

    code = "conflict.deal_signed"
    message = "The deal is signed; remove the signature first."


class NotSigned(Conflict):
    """The deal carries no signature."""

    code = "conflict.not_signed"
    message = "The deal carries no signature."


class AlreadySigned(Conflict):
    """This signer has signed already."""

    code = "conflict.already_signed"
    message = "This signer has signed the deal already."


class PaymentInProgress(Conflict):
    """Money was captured, or is held in escrow."""

    code = "conflict.payment_in_progress"
    message = "Money was captured for the deal or is held for it."


class DealTooLarge(OutOfRange):
    """The amounts of the deal are more than any answer could carry."""


_TYPES: dict[Reason, type[ApiError]] = {
    Reason.DEAL_ALREADY_CLOSED: DealAlreadyClosed,
    Reason.INVALID_TRANSITION: InvalidTransition,
    Reason.CONDITIONS_NOT_MET: ConditionsNotMet,
    Reason.INVALID_STATE: InvalidState,
    Reason.DEAL_SIGNED: DealSigned,
    Reason.NOT_SIGNED: NotSigned,
    Reason.PAYMENT_IN_PROGRESS: PaymentInProgress,
}


def error_of(refusal: Refused) -> ApiError:
    """The error for a refusal of the state machine."""
    return _TYPES[refusal.reason](details=refusal.details)
