"""Why a request got no answer. The message of each is the text that tenants see (W27), and nothing more."""

from typing import ClassVar


class OutboundFailure(Exception):
    """A request that ended without a status. `str()` gives the message of W27; the cause is for the operator's log."""

    message: ClassVar[str]

    def __init__(self, reason: str = "") -> None:
        super().__init__(self.message)
        self.reason = reason


class ConnectionTimeout(OutboundFailure):
    """The time limit passed before the last header byte of an answer (W21)."""

    message = "Connection timeout"


class ConnectionRefused(OutboundFailure):
    """No connection, or one that was closed before it gave a valid HTTP answer."""

    message = "Connection refused"


class DnsFailed(OutboundFailure):
    """The host has no address, or its name servers did not say in time."""

    message = "DNS resolution failed"


class TlsFailed(OutboundFailure):
    """The certificate was not accepted, or no common version from TLS 1.2 up was found (W52)."""

    message = "TLS verification failed"


class AddressNotAllowed(OutboundFailure):
    """The URL or one of the addresses behind it is refused (W48, W49, W53).

    `reason` is for the operator only: shown to a tenant it would map the inner network (W55).
    """

    message = "Address not allowed"
