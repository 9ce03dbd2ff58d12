"""Running with the Stripe stand-in instead of Stripe."""

from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from pydantic import SecretStr

from deploy.credentials import Credentials
from deploy.ports import PortTaken, free_ports, port_of, reserve
from libs.service.settings import Settings
from libs.vault.master import MasterKey

SettingsKind = TypeVar("SettingsKind", bound=Settings)
CALLBACK_PATH = "/v1/stripe-webhook"


def is_wanted(settings: Settings) -> bool:
    """Whether nobody named a Stripe to use."""
    return not settings.stripe_api_key.get_secret_value() and not settings.stripe_base


def port(kept: Path) -> int:
    """The port of the last run where it is free, so that links to the stand-in's pages outlive a restart."""
    last = Credentials.read(kept)
    if last is not None and last.stripe_base:
        with suppress(PortTaken), reserve("127.0.0.1", urlsplit(last.stripe_base).port or 0) as probe:
            return port_of(probe)
    return free_ports(1)[0]


def callback_secret(master_key: MasterKey) -> str:
    """What signs the stand-in's callbacks: the same after every restart."""
    return f"whsec_{master_key.derive('stripe-stand-in-callbacks').hex()}"


def connected(settings: SettingsKind, base: str, secret: str) -> SettingsKind:
    """The settings of services that use the stand-in."""
    return settings.model_copy(
        update={
            "stripe_base": base,
            "stripe_api_key": SecretStr("sk_test_stand_in"),
            "stripe_live_api_key": SecretStr("sk_live_stand_in"),
            "stripe_webhook_secret": SecretStr(secret),
        }
    )
