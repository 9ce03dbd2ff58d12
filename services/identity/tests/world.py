"""A running identity service with its clock, its Redis and stand-ins for its peers."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import orjson
from fakeredis import FakeAsyncRedis, FakeServer

from deploy.installation import Installation
from libs.api.call import Call, Reply
from libs.api.principal import ANONYMOUS, Principal, principal_from
from libs.bus.message import Message
from libs.bus.transport import Subscription
from libs.clock import FixedClock
from libs.service.host import NOBODY
from services.identity.context import Context

PASSWORD = "correct horse battery"
GATEWAY = Principal(kind="service", id="gateway", scopes=("*",))


async def nothing(_: Call) -> None:
    """What a peer does beside answering, unless a test chooses something else."""


@dataclass
class Peer:
    """Stands in for the operations of other services: keeps what it is asked, and answers or fails."""

    answer: Mapping[str, Any]
    status: int = 200
    meanwhile: Callable[[Call], Awaitable[None]] = nothing
    calls: list[Call] = field(default_factory=list)

    async def __call__(self, call: Call) -> Reply:
        self.calls.append(call)
        await self.meanwhile(call)
        if self.status >= 400:
            return Reply(self.status, body={"error": True, "code": "refused", "message": "Refused by the stand-in"})
        return Reply(self.status, body={"error": False, "success": True, "data": self.answer})


@dataclass(frozen=True)
class Account:
    """A user who has gone through onboarding."""

    email: str
    tenant_id: str
    token: str
    principal: Principal


def data(reply: Reply) -> Any:
    """`data` of a reply."""
    return orjson.loads(reply.encode())["data"]


def code(reply: Reply) -> str:
    """`code` of an error."""
    found: str = orjson.loads(reply.encode())["code"]
    return found


def token_of(reply: Reply) -> str:
    """The session token that a reply sets."""
    return SimpleCookie(reply.headers["Set-Cookie"])["session"].value


def new_email() -> str:
    """An address that no other test uses."""
    return f"user-{uuid4().hex[:12]}@example.com"


@dataclass
class World:
    """What tests do with the service."""

    installation: Installation
    clock: FixedClock
    redis: FakeAsyncRedis
    redis_server: FakeServer
    catalogue: Peer
    products: Peer
    customers: Peer
    events: asyncio.Queue[Message] = field(default_factory=asyncio.Queue)

    async def listen(self) -> None:
        """Connect the stand-ins and collect every event."""
        dispatch = self.installation.dispatch
        dispatch.add(["catalog.create_first_products"], self.catalogue)
        dispatch.add(["products.create"], self.products)
        dispatch.add(["customers.create"], self.customers)
        await self.installation.bus.subscribe(Subscription("test", "all", events=("#",)), self.events.put)

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        principal: Principal = ANONYMOUS,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> Reply:
        """A request as the gateway passes it on."""
        raw = b"" if body is None else orjson.dumps(body)
        call = Call(method, path, tuple(query.items()), headers or {}, raw, principal=principal)
        return await self.installation.hosts["identity"].handle(call)

    async def ask(self, operation: str, **body: Any) -> Reply:
        """An internal operation, asked by the gateway."""
        return await self.installation.call(Call("", "", operation=operation, arguments=body, principal=GATEWAY))

    async def onboard(self, email: str = "", **more: Any) -> Reply:
        """Onboarding of a human account, unless told otherwise."""
        body = {
            "first_name": "Jane",
            "last_name": "Canary",
            "email": email or new_email(),
            "password": PASSWORD,
            "business_name": "Acme Consulting",
            "industry": "software",
            "services": [{"name": "Consulting", "description": "Advice", "price_min": 100, "price_max": 200.5}],
        } | more
        return await self.call("POST", "/v1/onboarding", {name: v for name, v in body.items() if v is not None})

    async def account(self, **more: Any) -> Account:
        """A user with a workspace and a session."""
        email = new_email()
        reply = await self.onboard(email, **more)
        assert reply.status == 201, reply.encode()
        token = token_of(reply)
        return Account(email, data(reply)["workspace"]["tenant_id"], token, await self.session(token))

    async def first_workspace(self, **more: Any) -> Any:
        """What the first start of an installation makes."""
        body = {"name": "Salesbooth Demo", "email": new_email(), "password": PASSWORD, "first_name": "Demo"}
        reply = await self.ask("identity.create_workspace", **(body | {"last_name": "Owner"} | more))
        assert reply.status == 200, reply.encode()
        return data(reply)

    async def session(self, token: str) -> Principal:
        """The principal that the gateway gets for a cookie."""
        reply = await self.ask("identity.authenticate_session", token=token)
        assert reply.status == 200, reply.encode()
        return principal_from(data(reply)["principal"])

    async def login(self, email: str, password: str = PASSWORD, **more: Any) -> Reply:
        """A login."""
        return await self.call("POST", "/v1/auth", {"email": email, "password": password} | more)

    async def new_key(self, account: Account, **body: Any) -> Any:
        """A key made in the dashboard: the `data` of its creation."""
        reply = await self.call("POST", "/v1/keys", {"name": "Key"} | body, principal=account.principal)
        assert reply.status == 201, reply.encode()
        return data(reply)

    async def authenticate(self, secret: str) -> Reply:
        """What the gateway is told of a key."""
        return await self.ask("identity.authenticate_key", secret=secret)

    async def version(self, credential_id: str) -> str | None:
        """What gateways read in Redis."""
        value = await self.redis.get(f"ver:{credential_id}")
        return value.decode() if isinstance(value, bytes) else value

    async def event(self, name: str, entity: str = "") -> Message:
        """The next event of a name, for an entity where one is given."""
        async with asyncio.timeout(10):
            while True:
                message = await self.events.get()
                if message.name == name and entity in message.entity:
                    return message

    def context(self) -> Context:
        """The context of a timer."""
        return self.installation.hosts["identity"].runtime.context(Call("", "", principal=NOBODY))

    async def rows(self, statement: str, *args: Any) -> list[Any]:
        """Rows as the worker role sees them."""
        async with self.context().worker() as queries:
            return list(await queries.fetch(statement, *args))

    def advance(self, **length: float) -> None:
        """Move the clock."""
        self.clock.advance(timedelta(**length))
