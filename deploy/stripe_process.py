"""The Stripe stand-in in a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy.configuration import read_settings, require
from deploy.stripe_demo import CALLBACK_PATH
from deploy.stripe_stand_in import StripeStandIn, WebhookEndpoint
from libs.service.settings import Settings


@dataclass(frozen=True)
class StandInPlace:
    """Where the stand-in listens, keeps its state, and finds the gateway that its callbacks go to.

    `public_url` is its address for browsers, where that is another one.
    """

    host: str
    port: int
    state: Path
    gateway: str
    public_url: str | None = None


@asynccontextmanager
async def stripe_process(place: StandInPlace) -> AsyncIterator[None]:
    """Pretend to be Stripe until the end. Callbacks are signed with the secret of the settings."""
    settings = read_settings(Settings)
    require(settings, "stripe_webhook_secret")
    callbacks = WebhookEndpoint(place.gateway + CALLBACK_PATH, settings.stripe_webhook_secret.get_secret_value())
    stand_in = StripeStandIn(place.state, [callbacks], public_url=place.public_url)
    try:
        await stand_in.start(place.host, place.port)
        yield
    finally:
        await stand_in.stop()
