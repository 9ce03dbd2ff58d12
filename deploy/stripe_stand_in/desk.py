"""From a request to an answer: who calls, which endpoint, and what the idempotency key remembers."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson

from deploy.stripe_stand_in.call import API_VERSION, PLATFORM, Call, Origin, World
from deploy.stripe_stand_in.endpoints import ENDPOINTS
from deploy.stripe_stand_in.errors import (
    IdempotencyKeyInUse,
    IdempotencyKeyReused,
    InvalidParam,
    Keeps,
    NoAccess,
    StripeError,
    Unauthenticated,
)
from deploy.stripe_stand_in.expansion import rendered
from deploy.stripe_stand_in.params import Params
from deploy.stripe_stand_in.routing import Route
from deploy.stripe_stand_in.store import KeptAnswer, Realm

_SECRET_KEY = re.compile(r"(?:sk|rk)_(test|live)_\w+")
_LONGEST_KEY = 255
_DAY = 86_400


@dataclass(frozen=True)
class Request:
    """What came over the wire; header names are lower case."""

    method: str
    path: str
    params: Mapping[str, Any]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Admitted:
    """A request that has a known caller and an existing endpoint."""

    call: Call
    route: Route
    parts: list[str]
    path: str

    @property
    def key(self) -> str | None:
        return self.call.origin.idempotency_key


class Desk:
    """Answers the calls of the API, each in one transaction."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._running: set[tuple[str, str]] = set()

    def headers(self, request: Request, request_id: str) -> dict[str, str]:
        """The headers that every answer carries."""
        named = {"Request-Id": request_id, "Stripe-Version": request.headers.get("stripe-version", API_VERSION)}
        for header in ("Idempotency-Key", "Stripe-Account"):
            if header.lower() in request.headers:
                named[header] = request.headers[header.lower()]
        return named

    def admit(self, request: Request, request_id: str) -> Admitted:
        """Raises Unauthenticated, NoAccess, UnknownUrl or InvalidParam."""
        key = _secret_key(request.headers.get("authorization", ""))
        realm = self._realm(key, request.headers.get("stripe-account"))
        route, parts = ENDPOINTS.find(request.method, request.path)
        params = Params(request.params)
        params.refuse_others_than(route.accepts)
        idempotency_key = request.headers.get("idempotency-key") if request.method == "POST" else None
        if idempotency_key is not None and len(idempotency_key) > _LONGEST_KEY:
            raise InvalidParam(f"Idempotency keys can have up to {_LONGEST_KEY} characters.")
        call = Call(self._world, realm, params, Origin(request_id, idempotency_key))
        return Admitted(call, route, parts, request.path)

    def _realm(self, key: str, account: str | None) -> Realm:
        livemode = key.split("_")[1] == "live"
        platform = Realm(PLATFORM, livemode)
        if account is None or account == PLATFORM:
            return platform
        found = self._world.store.find(platform, account)
        if found is None or found["object"] != "account" or found.get("deleted"):
            raise NoAccess(
                f"The provided key '{key[:8]}***{key[-4:]}' does not have access to account '{account}' (or that "
                "account does not exist). Application access may have been revoked.",
                code="account_invalid",
            )
        return Realm(account, livemode)

    @contextmanager
    def holding_key(self, admitted: Admitted) -> Iterator[None]:
        """Keep other calls with the same idempotency key out. Raises IdempotencyKeyInUse when one is inside."""
        if admitted.key is None:
            yield
            return
        held = (admitted.call.realm.name, admitted.key)
        if held in self._running:
            raise IdempotencyKeyInUse
        self._running.add(held)
        try:
            yield
        finally:
            self._running.discard(held)

    def answer(self, admitted: Admitted) -> Answer:
        """Run the endpoint, or repeat what its key remembers. Raises IdempotencyKeyReused."""
        kept = self._kept(admitted)
        if kept is not None:
            return Answer(kept.status, kept.body, {"Idempotent-Replayed": "true", "Original-Request": kept.request})
        try:
            with self._world.store.transaction():
                answer = _run(admitted)
                self._keep(admitted, answer)
            return answer
        except StripeError as refusal:
            answer = error_answer(refusal)
            if refusal.keeps is Keeps.ANSWER:
                with self._world.store.transaction():
                    self._keep(admitted, answer)
            return answer

    def _kept(self, admitted: Admitted) -> KeptAnswer | None:
        if admitted.key is None:
            return None
        kept = self._world.store.kept_answer(admitted.call.realm, admitted.key)
        if kept is None or kept.created <= self._world.now() - _DAY:
            return None
        if kept.endpoint != _endpoint(admitted):
            raise IdempotencyKeyReused(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{_endpoint(admitted)}' vs '{kept.endpoint}'). Try using a key other than '{admitted.key}' if you "
                "meant to execute a different request."
            )
        if kept.params != _fingerprint(admitted):
            raise IdempotencyKeyReused(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{admitted.key}' if you meant to execute a different request."
            )
        return kept

    def _keep(self, admitted: Admitted, answer: Answer) -> None:
        if admitted.key is None:
            return
        kept = KeptAnswer(
            endpoint=_endpoint(admitted),
            params=_fingerprint(admitted),
            status=answer.status,
            body=answer.body,
            request=admitted.call.origin.id or "",
            created=self._world.now(),
        )
        self._world.store.keep_answer(admitted.call.realm, admitted.key, kept)


def error_answer(error: StripeError) -> Answer:
    """The refusal as Stripe writes it."""
    return Answer(error.status, orjson.dumps(error.body()))


def _run(admitted: Admitted) -> Answer:
    try:
        value = admitted.route.handler(admitted.call, *admitted.parts)
    except StripeError as refusal:
        if refusal.keeps is not Keeps.CHANGES:
            raise
        return error_answer(refusal)
    return Answer(200, orjson.dumps(rendered(admitted.call, value)))


def _secret_key(authorization: str) -> str:
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() == "basic":
        try:
            given = base64.b64decode(given, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            given = ""
    if not given:
        raise Unauthenticated(
            "You did not provide an API key. You need to provide your API key in the Authorization header, using "
            "Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
        )
    if _SECRET_KEY.fullmatch(given) is None:
        raise Unauthenticated(f"Invalid API Key provided: {given[:7]}***")
    return given


def _endpoint(admitted: Admitted) -> str:
    return f"{admitted.route.method} {admitted.path}"


def _fingerprint(admitted: Admitted) -> str:
    return hashlib.sha256(orjson.dumps(admitted.call.params.values, option=orjson.OPT_SORT_KEYS)).hexdigest()
