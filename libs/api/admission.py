"""Whether a caller may use an operation: its kind and its scopes (RULES R74-R79)."""

from collections.abc import Sequence
from dataclasses import replace

from libs.api.operation import NONE
from libs.api.principal import ANONYMOUS, Principal
from libs.errors.types import InsufficientScope, Unauthenticated

UNSCOPED = ("none", "publishable")
"""Kinds that reach every operation which lists them: all publishable keys carry the same scopes, and buyers sign
with them although `deals:sign` is none of those (R64, deals.sign)."""


def admitted(auth: Sequence[str], scopes: Sequence[str], principal: Principal) -> Principal:
    """The caller as an operation with these words sees it. Raises Unauthenticated or InsufficientScope.

    An operation that is open to all sees a kind of caller that it does not name as nobody in particular.
    """
    if principal.kind not in auth:
        if NONE in auth:
            return replace(ANONYMOUS, ip=principal.ip)
        if principal.kind == "none":
            raise Unauthenticated
        raise InsufficientScope(
            f"This operation takes another kind of caller: {', '.join(auth)}.",
            details={"required_scopes": list(scopes)},
        )
    if principal.kind not in UNSCOPED and not principal.permits(scopes):
        raise InsufficientScope(
            f"This operation needs one of these scopes: {', '.join(scopes)}.",
            details={"required_scopes": list(scopes)},
        )
    return principal
