"""The workspace that an installation makes when it starts for the first time."""

import secrets
from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import urlsplit

from deploy.credentials import Credentials
from deploy.home import Home
from libs.api.principal import system_principal
from libs.errors.types import NotFound
from libs.service.peers import Dispatch, PeerRefused, Peers


@dataclass(frozen=True)
class Place:
    """Where clients reach the system, and where its Stripe stand-in is; an empty text where Stripe itself is used."""

    base_url: str
    stripe_base: str


async def workspace_of(home: Home, database: str, dispatch: Dispatch, place: Place) -> Credentials:
    """The credentials of the database's workspace, written to the home; the workspace is made if there is none."""
    kept = home.kept_credentials(database)
    known = Credentials.read(kept)
    if known is None or not await _exists(dispatch, known.tenant_id):
        known = await _create(dispatch, place)
    current = known.reached_at(place.base_url, place.stripe_base)
    current.write(kept)
    current.write(home.credentials)
    return current


def database_id(url: str) -> str:
    """A short name for a database that somebody else runs; its password is no part of it."""
    parts = urlsplit(url)
    place = f"{parts.hostname}:{parts.port or 5432}{parts.path}?{parts.query}"
    return f"database-{sha256(place.encode()).hexdigest()[:12]}"


async def _exists(dispatch: Dispatch, tenant_id: str) -> bool:
    try:
        await Peers(dispatch, system_principal("", "test")).ask("identity.tenant", tenant_id=tenant_id)
    except PeerRefused as refusal:
        if refusal.status == NotFound.status:
            return False
        raise
    return True


async def _create(dispatch: Dispatch, place: Place) -> Credentials:
    # A start that broke off after this call makes another workspace, so the address must not be taken by then.
    email, password = f"owner.{secrets.token_hex(3)}@example.com", secrets.token_urlsafe(12)
    made = await Peers(dispatch, system_principal("", "test")).ask(
        "identity.create_workspace",
        name="My workspace",
        email=email,
        password=password,
        first_name="First",
        last_name="Owner",
    )
    if place.stripe_base:
        await Peers(dispatch, system_principal(made["tenant_id"], "test")).ask("payments.connect_demo")
    told = ("tenant_id", "test_key", "live_key", "publishable_key", "publishable_environment", "session_environment")
    return Credentials(
        base_url=place.base_url,
        stripe_base=place.stripe_base,
        email=email,
        password=password,
        **{name: made[name] for name in told},
    )
