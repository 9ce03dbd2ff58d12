"""What the identity service is made of."""

from datetime import timedelta
from pathlib import Path

from libs.service.definition import Service, Timer
from services.identity.authentication import operations as authentication
from services.identity.context import IdentityTransaction, open_ports
from services.identity.keys import operations as keys
from services.identity.onboarding import operations as onboarding
from services.identity.playground import operations as playground
from services.identity.sessions import operations as sessions
from services.identity.workspaces import operations as workspaces

SERVICE = Service(
    name="identity",
    folder=Path(__file__).parent,
    features=[keys, sessions, onboarding, playground, authentication, workspaces],
    transaction=IdentityTransaction,
    timers=[
        Timer("remove_abandoned_workspaces", timedelta(minutes=1), workspaces.remove_abandoned),
        Timer("remove_ended_playgrounds", timedelta(minutes=10), playground.remove_ended),
        Timer("remove_expired_sessions", timedelta(hours=1), sessions.remove_expired),
    ],
    open_ports=open_ports,
)
