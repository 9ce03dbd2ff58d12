"""What can go wrong between an outbox row and a consumer's commit."""


class BusError(Exception):
    """A message did not get through; the sender still owns it."""


class BrokerUnavailable(BusError):
    """The transport is closed, unreachable, or did not confirm in time; the message may or may not have arrived."""


class Unroutable(BusError):
    """No queue takes this message yet. Sending it again makes sense once its consumer exists."""


class Refused(BusError):
    """The broker answered with a negative confirmation."""


class NotAttempted(BusError):
    """Held back on purpose, because a message that must go first did not get through."""


class NotConsumed(BusError):
    """In-process transport: a consumer failed, or has not finished yet."""


class UnencodableMessage(BusError):
    """The payload holds something that JSON has no form for."""


class UndecodableMessage(BusError):
    """The bytes are not a message of this project."""
