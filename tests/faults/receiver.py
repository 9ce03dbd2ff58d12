"""A webhook receiver that refuses some events on purpose: some at first, and a few always."""

import hashlib
import hmac
from collections import Counter
from zlib import crc32

import orjson
from aiohttp import web

REFUSED_FOR_GOOD_IN = 25
REFUSED_AT_FIRST_IN = 6


class Receiver:
    """Counts deliveries by event id: those it took, and those it refused. Which event fares how follows the seed."""

    def __init__(self, seed: int) -> None:
        self.secret = ""
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.forged: list[str] = []
        self._seed = seed
        self._runner = web.ServerRunner(web.Server(self._answer))

    async def start(self) -> str:
        """Listen; returns the address."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}/"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def refuses_for_good(self, event_id: str) -> bool:
        """Whether an event can only end in the dead letter."""
        return crc32(f"{self._seed}-{event_id}".encode()) % REFUSED_FOR_GOOD_IN == 0

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        body = await request.read()
        signed = f"{request.headers['X-Salesbooth-Timestamp']}.".encode() + body
        expected = "v1=" + hmac.new(self.secret.encode(), signed, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(request.headers["X-Salesbooth-Signature"], expected):
            self.forged.append(body.decode(errors="replace"))
            return web.Response(status=400)
        event_id: str = orjson.loads(body)["id"]
        hesitant = crc32(event_id.encode()) % REFUSED_AT_FIRST_IN == 0 and not self.refused[event_id]
        if hesitant or self.refuses_for_good(event_id):
            self.refused[event_id] += 1
            return web.Response(status=503 if hesitant else 500)
        self.taken[event_id] += 1
        return web.Response()
