"""A webhook receiver, written as the reference shows it to integrators."""

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

TOLERANCE_SECONDS = 300


class Receiver:
    """Keeps every event whose signature is right; answers others with 400."""

    def __init__(self) -> None:
        self.secret = ""
        self.events: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.refused = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(dict(self.headers.items()), body)
                self.send_response(status)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Nothing is written for a request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/webhooks/salesbooth"

    def take(self, headers: dict[str, str], body: bytes) -> int:
        """Verify as the reference's Python sample does."""
        timestamp = headers.get("X-Salesbooth-Timestamp", "0")
        if abs(time.time() - int(timestamp)) > TOLERANCE_SECONDS:
            self.refused += 1
            return 400
        payload = f"{timestamp}.".encode() + body
        expected = "v1=" + hmac.new(self.secret.encode(), payload, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(headers.get("X-Salesbooth-Signature", ""), expected):
            self.refused += 1
            return 400
        self.headers.append(headers)
        self.events.append(orjson.loads(body))
        return 200

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        """The first event that fits."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if found := next((event for event in list(self.events) if wanted(event)), None):
                return found
            time.sleep(0.02)
        names = [event["event"] for event in self.events]
        raise AssertionError(f"the event did not arrive; refused {self.refused}, received {names}")

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
