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

Kind = TypeVar("Kind", bound=Settings)
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


def secrets(master_key: MasterKey) -> dict[str, str]:
    """The settings' secrets with which services use the stand-in: the same after every restart."""
    return {
        "stripe_api_key": "sk_test_stand_in",
        "stripe_live_api_key": "sk_live_stand_in",
        "stripe_webhook_secret": f"whsec_{master_key.derive('stripe-stand-in-callbacks').hex()}",
    }


def connected(settings: Kind, base: str, master_key: MasterKey) -> Kind:
    """The settings of services that use a stand-in at `base`."""
    hidden = {name: SecretStr(text) for name, text in secrets(master_key).items()}
    return settings.model_copy(update={"stripe_base": base, **hidden})


def variables(base: str, master_key: MasterKey) -> dict[str, str]:
    """The same settings for other processes, as environment variables."""
    return {"STRIPE_BASE": base} | {name.upper(): text for name, text in secrets(master_key).items()}
