"""What goes wrong on purpose: rules for calls, a mode for callbacks. They are in memory and end with the process."""

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from deploy.stripe_stand_in.errors import Keeps, StripeError


class Rule(BaseModel):
    """One disturbance of the calls that `match` fits."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    match: str
    """Method and path; `*` stands for one segment, `**` for any rest, a method `*` for all methods."""
    effect: Literal["delay", "error", "drop_before", "drop_after"]
    seconds: float = Field(default=0.0, ge=0.0)
    """How long `delay` waits before it lets the call run."""
    status: Literal[400, 401, 402, 403, 404, 409, 429, 500, 502, 503] = 500
    """What `error` answers instead of running the call."""
    times: int | None = Field(default=None, ge=1)
    """After so many matches the rule is over; without it, it stays."""

    def fits(self, method: str, path: str) -> bool:
        wanted_method, _, wanted_path = self.match.partition(" ")
        if wanted_method not in ("*", method):
            return False
        wanted, actual = wanted_path.strip("/").split("/"), path.strip("/").split("/")
        if wanted[-1] == "**":
            wanted, actual = wanted[:-1], actual[: len(wanted) - 1]
        return len(wanted) == len(actual) and all(map(fnmatchcase, actual, wanted))


class CallbackMode(BaseModel):
    """How callbacks are sent."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    delay_seconds: float = Field(default=0.0, ge=0.0)
    """How long after the event the first attempt is made."""
    duplicate: int = Field(default=0, ge=0, le=100)
    """How many more times each event is sent."""
    order: Literal["as_happened", "reversed", "shuffled"] = "as_happened"
    """In which order all that is waiting is sent."""
    paused: bool = False
    """Callbacks are collected and wait until this is false again."""


class Switches(BaseModel):
    """The body of `POST /_switch`; a part that is left out stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[Rule, ...] = ()
    callbacks: CallbackMode = CallbackMode()


@dataclass(frozen=True)
class Injected:
    """The face of an injected error."""

    type: str
    code: str | None
    message: str


_INJECTED = {
    400: Injected("invalid_request_error", None, "The request was unacceptable."),
    401: Injected("invalid_request_error", None, "Invalid API Key provided."),
    402: Injected("card_error", "card_declined", "Your card was declined."),
    403: Injected("invalid_request_error", None, "The provided key does not have access to this."),
    404: Injected("invalid_request_error", "resource_missing", "No such object."),
    409: Injected(
        "invalid_request_error", "lock_timeout", "This object cannot be accessed right now. Try again later."
    ),
    429: Injected("invalid_request_error", "rate_limit", "Request rate limit exceeded. Try again later."),
    500: Injected("api_error", None, "An unknown error occurred."),
    502: Injected("api_error", None, "Bad gateway."),
    503: Injected("api_error", None, "Service unavailable."),
}


class InjectedError(StripeError):
    """An answer that a rule ordered; the call never ran and its idempotency key stays free."""

    keeps = Keeps.NOTHING

    def __init__(self, status: int) -> None:
        face = _INJECTED[status]
        super().__init__(face.message, face.code)
        self.status = status
        self.type = face.type


class Disturbances:
    """The rules in force and how often each may still act."""

    def __init__(self) -> None:
        self._left: list[tuple[Rule, int | None]] = []

    def set(self, rules: tuple[Rule, ...]) -> None:
        self._left = [(rule, rule.times) for rule in rules]

    def rules(self) -> tuple[Rule, ...]:
        """The rules that still act, with the number of times that each has left."""
        return tuple(rule.model_copy(update={"times": left}) for rule, left in self._left)

    def take(self, method: str, path: str) -> tuple[Rule, ...]:
        """The rules for this call; each is used up once."""
        taken = [rule for rule, _ in self._left if rule.fits(method, path)]
        counted = [(rule, left - 1 if left is not None and rule in taken else left) for rule, left in self._left]
        self._left = [(rule, left) for rule, left in counted if left != 0]
        return tuple(taken)
