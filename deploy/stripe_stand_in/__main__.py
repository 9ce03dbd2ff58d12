"""Run the stand-in as a process of its own: `python -m deploy.stripe_stand_in --help`."""

import argparse
import asyncio
import signal
from pathlib import Path

from deploy.stripe_stand_in import StripeStandIn, WebhookEndpoint


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.stripe_stand_in", description="A stand-in for Stripe.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=12111)
    parser.add_argument("--state", type=Path, default=Path("stripe.sqlite"), help="file that keeps the state")
    parser.add_argument("--webhook-url", action="append", default=[], help="where callbacks go; may be repeated")
    parser.add_argument(
        "--webhook-secret", action="append", default=[], help="whsec_... of the webhook at the same place"
    )
    parser.add_argument("--public-url", help="address in links to pages, when it differs from host and port")
    given = parser.parse_args()
    if len(given.webhook_url) != len(given.webhook_secret):
        parser.error("every --webhook-url needs its --webhook-secret")
    return given


async def _serve(given: argparse.Namespace) -> None:
    pairs = zip(given.webhook_url, given.webhook_secret, strict=True)
    webhooks = [WebhookEndpoint(url, secret) for url, secret in pairs]
    stand_in = StripeStandIn(given.state, webhooks, public_url=given.public_url)
    await stand_in.start(given.host, given.port)
    print(stand_in.base_url, flush=True)
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    await stopped.wait()
    await stand_in.stop()


if __name__ == "__main__":
    asyncio.run(_serve(_arguments()))
