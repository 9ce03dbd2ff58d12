"""The agents service with the catalogue behind it, and an HTTP door that knows a few keys."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from deploy.installation import Installation
from deploy.services import load
from libs.api.principal import ANONYMOUS, Principal
from libs.clock import FixedClock
from libs.service.http import call_of, respond
from libs.service.settings import Settings
from libs.vault.master import MasterKey
from services.agents.tests.samples import NOON

SELLER = Principal(kind="key", id="key_seller", tenant_id="tenant_a", environment="test", scopes=("*",))
KEYS = {
    "seller": SELLER,
    "looker": replace(SELLER, id="key_looker", scopes=("agent:discover",)),
    "stranger": replace(SELLER, id="key_stranger", scopes=("products:read",)),
    "other-tenant": replace(SELLER, id="key_other", tenant_id="tenant_b"),
}


@pytest.fixture
async def installation(postgres_url: str) -> AsyncIterator[Installation]:
    """The agents service and the catalogue in one process."""
    settings = Settings.model_validate({"database_url": postgres_url})
    made = Installation([load("catalog"), load("agents")], settings, MasterKey(b"m" * 32), FixedClock(NOON))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def endpoint(installation: Installation) -> AsyncIterator[TestServer]:
    """An HTTP server that tells the caller by the bearer key and hands the call to the agents service."""

    async def answer(request: web.Request) -> web.StreamResponse:
        key = request.headers.get("Authorization", "").removeprefix("Bearer ")
        call = replace(await call_of(request), principal=KEYS.get(key, ANONYMOUS))
        return await respond(request, await installation.hosts["agents"].handle(call))

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    server = TestServer(app)
    await server.start_server()
    yield server
    await server.close()
