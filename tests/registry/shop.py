"""A workspace of the running system with everybody who may speak for it."""

from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any

from libs.api.call import Call
from libs.api.operation import KEY, NONE, PROVIDER, SESSION, Operation
from libs.api.principal import ANONYMOUS, Environment, Principal, principal_from, system_principal
from tests.registry.stock import Stock
from tests.support.client import Client
from tests.support.system import System

SELLER, RIVAL = "owner@seller.example.com", "owner@rival.example.com"
PASSWORD = "correct horse battery"


@dataclass
class Shop:
    """A workspace that identity knows; its callers are who identity says they are."""

    system: System
    keys: dict[Environment, Client]
    widget: Client
    session: Client

    @property
    def tenant_id(self) -> str:
        return self.session.principal.tenant_id

    @property
    def nobody(self) -> Client:
        """A caller without any credential."""
        return self.session.speaking_as(ANONYMOUS)

    @property
    def provider(self) -> Client:
        """A provider, as far as the gateway can tell."""
        return self.session.speaking_as(Principal(kind="provider"))

    def caller(self, operation: Operation, environment: Environment = "test") -> Client:
        """Somebody who may call an operation."""
        by_word = {KEY: self.keys[environment], SESSION: self.session, NONE: self.nobody, PROVIDER: self.provider}
        return next(by_word[word] for word in by_word if word in operation.auth)

    def stock(self, environment: Environment = "test") -> Stock:
        """Resources that nothing else uses."""
        return Stock(self.system, self.keys[environment], self.session)


async def open_shop(system: System, email: str) -> Shop:
    """A new workspace with its keys, and its owner logged in."""
    owner = {"email": email, "password": PASSWORD, "first_name": "Jane", "last_name": "Owner"}
    made = await ask(system, "identity.create_workspace", name="Shop", **owner)
    nobody = system.client(ANONYMOUS)

    async def client(secret: str) -> Client:
        return nobody.speaking_as(_principal(await ask(system, "identity.authenticate_key", secret=made[secret])))

    login = await nobody.post("/v1/auth", {"email": email, "password": PASSWORD})
    token = SimpleCookie(login.headers["Set-Cookie"])["session"].value
    session = await ask(system, "identity.authenticate_session", token=token)
    return Shop(
        system,
        {"test": await client("test_key"), "live": await client("live_key")},
        await client("publishable_key"),
        nobody.speaking_as(_principal(session)),
    )


async def ask(system: System, operation: str, **body: Any) -> Any:
    """The `data` of an internal operation."""
    call = Call("", "", operation=operation, arguments=body, principal=system_principal("", "test"))
    reply = await system.installation.call(call)
    assert reply.status == 200, reply.body
    return reply.body["data"]


def _principal(authenticated: Any) -> Principal:
    return principal_from(authenticated["principal"])
