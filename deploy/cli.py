"""The command line. What a command needs is imported inside it, so that each starts fast and alone."""

# ruff: noqa: PLC0415

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Self-hosted deal infrastructure for AI commerce.", no_args_is_help=True, pretty_exceptions_enable=False
)
Port = Annotated[int, typer.Option(envvar="PORT", min=0, max=65535, help="port to listen on; 0: a free one")]
Host = Annotated[str, typer.Option(help="address to listen on")]


@app.command()
def run(port: Port = 8080) -> None:
    """Run everything in one process."""
    from deploy.home import Home
    from deploy.lifetime import live
    from deploy.ports import reserve
    from libs.telemetry import logs

    logs.configure("WARNING")
    with _explained():
        home, door = Home.open(os.environ), reserve("127.0.0.1", port)
        typer.echo("Starting ...")
        from deploy.embedded import embedded

        live(embedded(home, door, typer.echo))


@app.command()
def distributed(
    port: Port = 8080, replicas: Annotated[int, typer.Option(min=1, help="processes of each kind")] = 1
) -> None:
    """Run gateway and services as processes of their own, over PostgreSQL, RabbitMQ and Redis."""
    from deploy.home import Home
    from deploy.lifetime import live
    from deploy.ports import reserve
    from libs.telemetry import logs

    logs.configure("WARNING")
    with _explained(), reserve("127.0.0.1", port) as door:
        from deploy.distributed import Wish
        from deploy.distributed import distributed as system

        live(system(Home.open(os.environ), Wish(replicas, door), typer.echo))


@app.command()
def serve(service: str, port: Port = 7000, host: Host = "127.0.0.1") -> None:
    """Run one service."""
    from deploy.lifetime import live
    from deploy.ports import reserve
    from deploy.service_process import service_process
    from libs.telemetry import logs

    logs.configure()
    with _explained():
        live(service_process(_known(service), reserve(host, port)))


@app.command()
def gateway(
    port: Port = 8080,
    host: Host = "127.0.0.1",
    file: Annotated[int, typer.Option(hidden=True, help="a bound socket that several gateways share")] = -1,
) -> None:
    """Run the gateway."""
    from deploy.gateway_process import gateway_process
    from deploy.lifetime import live
    from deploy.ports import reserve
    from libs.telemetry import logs

    logs.configure()
    with _explained():
        live(gateway_process(reserve(host, port) if file < 0 else socket.socket(fileno=file)))


@app.command("stripe-stand-in")
def stripe_stand_in(
    gateway: Annotated[str, typer.Option(help="address that callbacks go to")],
    port: Port = 12111,
    host: Host = "127.0.0.1",
    state: Annotated[Path, typer.Option(help="file that keeps what happened")] = Path("stripe.sqlite"),
    public_url: Annotated[str | None, typer.Option(help="address for browsers, where it differs")] = None,
) -> None:
    """Run the stand-in for Stripe."""
    from deploy.lifetime import live
    from deploy.stripe_process import StandInPlace, stripe_process

    with _explained():
        live(stripe_process(StandInPlace(host, port, state, gateway, public_url)))


@app.command()
def migrate(service: Annotated[str, typer.Option(help="one service instead of all")] = "") -> None:
    """Bring databases up to date and declare the queues."""
    import asyncio

    from deploy.migration import migrate as make_ready
    from deploy.services import SERVICES
    from libs.telemetry import logs

    logs.configure()
    with _explained():
        asyncio.run(make_ready([_known(service)] if service else SERVICES))


@app.command()
def operations(
    as_json: Annotated[bool, typer.Option("--json", help="everything about them, as JSON")] = False,
    service: Annotated[str, typer.Option(help="one service instead of all; `gateway` has some too")] = "",
) -> None:
    """List all operations."""
    from deploy.operations import GATEWAY, OWNERS, public_operations

    with _explained():
        rows = public_operations([service if service == GATEWAY else _known(service)] if service else OWNERS)
    if as_json:
        json.dump(rows, sys.stdout, indent=1)
        sys.stdout.write("\n")
        return
    from deploy.operations_table import table

    table(rows)


@app.command()
def version() -> None:
    """Say which version this is."""
    from importlib.metadata import version as installed

    typer.echo(installed("salesbooth"))


@contextmanager
def _explained() -> Iterator[None]:
    """Failures that whoever typed the command can do something about, as a sentence instead of a traceback."""
    from deploy.configuration import Misconfigured
    from deploy.ports import PortTaken
    from deploy.processes.binaries import ProgramMissing
    from deploy.processes.server import ServerFailed
    from deploy.supervisor import NotReady
    from libs.vault.master import UnusableMasterKey

    try:
        yield
    except (Misconfigured, NotReady, PortTaken, ProgramMissing, ServerFailed, UnusableMasterKey) as failure:
        typer.echo(str(failure), err=True)
        raise typer.Exit(1) from None


def _known(service: str) -> str:
    from deploy.configuration import Misconfigured
    from deploy.services import SERVICES

    if service not in SERVICES:
        raise Misconfigured(f"There is no service `{service}`; there are {', '.join(SERVICES)}.")
    return service


def main() -> None:
    """The entry point of the `salesbooth` command."""
    app()


if __name__ == "__main__":
    main()
