"""One set of servers for a whole test run, each started when first asked for, also by another process of the run."""

import json
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from deploy.processes.server import Server, ServerFailed


class SharedServers(Protocol):
    """Servers that somebody holds for us."""

    def begin(self, name: str) -> None:
        """Start a server in the background, because it will be asked for."""

    def url(self, name: str, user: str) -> str:
        """Where `user` finds a server with nothing of the other users in it; the same answer every time.

        Raises ServerFailed.
        """


class ServersOnDemand:
    """The holder: starts servers side by side, answers other processes over a Unix socket, stops all at the end."""

    def __init__(self, make: Callable[[str], Server]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._starting: dict[str, Future[Server]] = {}
        self._urls: dict[tuple[str, str], Future[str]] = {}
        self._threads = ThreadPoolExecutor()

    def begin(self, name: str) -> None:
        self._server(name)

    def url(self, name: str, user: str) -> str:
        server = self._server(name)
        with self._lock:
            if (name, user) not in self._urls:
                self._urls[name, user] = self._threads.submit(lambda: server.result().separate_url(user))
        return self._urls[name, user].result()

    def close(self) -> None:
        """Stop every server, whether or not it became ready."""
        self._threads.shutdown()
        for starting in self._starting.values():
            if starting.exception() is None:
                starting.result().stop()

    def _server(self, name: str) -> Future[Server]:
        with self._lock:
            if name not in self._starting:
                self._starting[name] = self._threads.submit(self._start, name)
            return self._starting[name]

    def _start(self, name: str) -> Server:
        server = self._make(name)
        server.start()
        return server


class Counter:
    """Where other processes ask for the holder's servers: one line of JSON each way."""

    def __init__(self, servers: SharedServers) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="salesbooth-servers-")
        self.address = str(Path(self._folder.name, "counter"))
        self._sockets = socketserver.ThreadingUnixStreamServer(self.address, _handler(servers))
        self._thread = threading.Thread(target=self._sockets.serve_forever, args=(0.05,))

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._sockets.shutdown()
        self._thread.join()
        self._sockets.server_close()
        self._folder.cleanup()


class RemoteServers:
    """The servers of another process, by its counter's address."""

    def __init__(self, address: str) -> None:
        self._address = address

    def begin(self, name: str) -> None:
        self._ask("begin", name)

    def url(self, name: str, user: str) -> str:
        return str(self._ask("url", name, user))

    def _ask(self, *question: str) -> object:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(self._address)
            connection.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
        if "error" in answer:
            raise ServerFailed(answer["error"])
        return answer["result"]


def _handler(servers: SharedServers) -> type[socketserver.StreamRequestHandler]:
    questions: dict[str, Callable[..., str | None]] = {"begin": servers.begin, "url": servers.url}

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            asked, *arguments = json.loads(self.rfile.readline())
            try:
                answer = {"result": questions[asked](*arguments)}
            except Exception as error:  # whatever went wrong is the asker's to report
                answer = {"error": f"{type(error).__name__}: {error}"}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    return Handler
