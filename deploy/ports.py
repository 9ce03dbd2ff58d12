"""Ports to listen on: the one that was asked for, or free ones."""

import socket
from contextlib import ExitStack


class PortTaken(Exception):
    """Somebody listens there already; the message says how to go on."""


def reserve(host: str, port: int) -> socket.socket:
    """Bind a port now and listen later, so that a start that cannot succeed fails at once. Port 0 takes a free one."""
    door = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError as error:
        door.close()
        raise PortTaken(f"{host}:{port} cannot be used ({error.strerror}). Choose another one: PORT=8090") from error
    return door


def port_of(door: socket.socket) -> int:
    """The number behind a bound socket."""
    port: int = door.getsockname()[1]
    return port


def free_ports(count: int) -> list[int]:
    """Different ports of the loopback address that nobody listens on now."""
    with ExitStack() as held:
        return [port_of(held.enter_context(reserve("127.0.0.1", 0))) for _ in range(count)]
