"""Reaching other services: in process, or over HTTP by the addresses of the configuration."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle

import aiohttp
import orjson

from libs.api.call import Call, Reply, encode_json
from libs.api.principal import PrincipalSigner
from libs.clock import Clock
from libs.errors.types import InternalError, Unavailable
from libs.service.http import MANIFEST_PATH, OPERATION_HEADER, PRINCIPAL_HEADER
from libs.service.pipeline import render_error
from libs.service.platform import Manifest
from libs.telemetry import tracing

MANIFEST_AGE = timedelta(seconds=10)
FORWARDED = ("idempotency-key", "if-match", "x-delegation-id")
TIMEOUT = aiohttp.ClientTimeout(total=30, connect=2)
CONNECT_TRIES = 2


class UnknownOperation(InternalError):
    """No service of the installation declares the operation."""

    code = "internal_error.unknown_operation"


class LocalDispatch:
    """Calls services of the same process."""

    def __init__(self) -> None:
        self._owner: dict[str, Callable[[Call], Awaitable[Reply]]] = {}

    def add(self, operations: list[str], handle: Callable[[Call], Awaitable[Reply]]) -> None:
        """Make a service's operations known."""
        self._owner |= dict.fromkeys(operations, handle)

    async def __call__(self, call: Call) -> Reply:
        handle = self._owner.get(call.operation)
        return await handle(call) if handle else _unknown(call)


class HttpDispatch:
    """Calls services over HTTP. `addresses` are those of each service's processes, which take turns.

    Retries on connect failure only, since nothing was sent then.
    """

    def __init__(self, addresses: Mapping[str, Sequence[str]], signer: PrincipalSigner, clock: Clock) -> None:
        self._tries = {service: max(CONNECT_TRIES, len(places)) for service, places in addresses.items()}
        self._turns = {service: cycle(places) for service, places in addresses.items()}
        self._signer, self._clock = signer, clock
        self._owner: dict[str, str] = {}
        self._manifests: dict[str, Manifest] = {}
        self._learned_at: datetime | None = None
        self._learning = asyncio.Lock()
        self._session: aiohttp.ClientSession | None = None

    async def manifests(self) -> Sequence[Manifest]:
        """What every service tells of itself, a few seconds old at most; of one that is away, what it told last."""
        async with self._learning:
            if self._learned_at is None or self._clock.now() - self._learned_at > MANIFEST_AGE:
                await self._learn()
        return list(self._manifests.values())

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def __call__(self, call: Call) -> Reply:
        if call.operation not in self._owner:
            async with self._learning:
                await self._learn()
        if service := self._owner.get(call.operation):
            return await self._post(service, call)
        return _unknown(call) if self._manifests.keys() == self._turns.keys() else _away(call)

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=TIMEOUT, trust_env=False)
        return self._session

    async def _learn(self) -> None:
        """Ask every service for its manifest; one that is away is asked again at the next need."""
        await asyncio.gather(*(self._learn_of(service) for service in self._turns))
        self._learned_at = self._clock.now()

    async def _learn_of(self, service: str) -> None:
        for _ in range(self._tries[service]):
            try:
                async with self.session.get(next(self._turns[service]) + MANIFEST_PATH) as answer:
                    answer.raise_for_status()
                    told = await answer.json()
            except (aiohttp.ClientError, TimeoutError):
                continue
            self._manifests[service] = told
            self._owner |= {row["id"]: service for row in told["operations"]}
            return

    async def _post(self, service: str, call: Call) -> Reply:
        headers = {
            PRINCIPAL_HEADER: self._signer.sign(call.principal, self._clock.now()),
            OPERATION_HEADER: call.operation,
            "Content-Type": "application/json",
        } | {name: value for name, value in call.headers.items() if name in FORWARDED}
        if trace := tracing.current():
            headers["traceparent"] = trace.traceparent
        body = call.body if call.arguments is None else encode_json(dict(call.arguments))
        for _ in range(self._tries[service]):
            url = f"{next(self._turns[service])}/internal/dispatch"
            try:
                async with self.session.post(url, params=list(call.query), headers=headers, data=body) as answer:
                    raw = await answer.read()
                    kept = {name: value for name, value in answer.headers.items() if name in ("ETag", "X-Job-ID")}
                    return Reply(answer.status, kept, body=orjson.loads(raw) if raw else None)
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                continue
            except (aiohttp.ClientError, TimeoutError):
                break
        return _away(call)


def _away(call: Call) -> Reply:
    return render_error(Unavailable("Another part of the system is unavailable for a short time."), call)


def _unknown(call: Call) -> Reply:
    return render_error(UnknownOperation(f"No service has the operation {call.operation}."), call)
