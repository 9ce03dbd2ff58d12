"""A client that repeats a write with its key until it is acknowledged."""

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
import orjson

PATIENCE_SECONDS = 120.0
ANSWER_SECONDS = 30.0
LONGEST_WAIT = 5.0
IN_FLIGHT = "conflict.idempotency_in_flight"


class GaveUp(Exception):
    """No answer that ends a retry came in time; the message is the last one that did."""


@dataclass(frozen=True)
class Reply:
    """An answer that ends the retries: a success or a refusal."""

    status: int
    body: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def data(self) -> Any:
        return self.body["data"]


@dataclass
class Caller:
    """Calls with the test key of a workspace. `troubles` counts what made it try again."""

    session: aiohttp.ClientSession
    base: str
    key: str
    random: Random
    troubles: Counter[str] = field(default_factory=Counter)

    async def post(self, path: str, body: Mapping[str, Any] | None, idempotency_key: str) -> Reply:
        """Write, and write again with the same key, until a success or a refusal. Raises GaveUp."""
        return await self._repeat("POST", path, body, {"Idempotency-Key": idempotency_key})

    async def get(self, path: str) -> Reply:
        """Read. Raises GaveUp."""
        return await self._repeat("GET", path, None, {})

    async def _repeat(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> Reply:
        deadline, wait = time.monotonic() + PATIENCE_SECONDS, 0.2
        while True:
            trouble, asked = "", 0.0
            try:
                reply, asked = await self._once(method, path, body, headers)
                trouble = _trouble(reply)
                if not trouble:
                    return reply
            except (aiohttp.ClientError, TimeoutError) as error:
                trouble = type(error).__name__
            self.troubles[trouble] += 1
            if time.monotonic() > deadline:
                raise GaveUp(f"{method} {path}: {trouble}")
            await asyncio.sleep(max(asked, wait * self.random.uniform(0.5, 1.5)))
            wait = min(wait * 2, LONGEST_WAIT)

    async def _once(self, method: str, path: str, body: Any, headers: Mapping[str, str]) -> tuple[Reply, float]:
        sent = {"Authorization": f"Bearer {self.key}", **headers}
        within = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
        async with self.session.request(
            method, f"{self.base}/v1/{path}", json=body, headers=sent, timeout=within
        ) as answer:
            reply = Reply(answer.status, orjson.loads(await answer.read()))
            return reply, min(float(answer.headers.get("Retry-After", 0)), LONGEST_WAIT)


def _trouble(reply: Reply) -> str:
    """What calls for another try, or an empty text."""
    code = str(reply.body.get("code", ""))
    again = reply.status >= 500 or reply.status == 429 or code == IN_FLIGHT
    return f"{reply.status} {code}" if again else ""
