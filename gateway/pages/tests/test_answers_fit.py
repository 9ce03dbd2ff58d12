"""What a running service answers is what the document says that it answers."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from jsonschema_rs import Draft202012Validator, validator_for

from deploy.installation import Installation
from deploy.services import load
from libs.api.call import Call, Reply
from libs.api.describe import entries
from libs.api.principal import Principal
from libs.clock import SystemClock
from libs.openapi.document import build
from libs.service.settings import Settings
from libs.vault.master import MasterKey

SELLER = Principal(kind="key", id="key_1", tenant_id="tenant_a", environment="test", scopes=("*",))
NEW = {
    "name": "Pro",
    "price": 99.95,
    "tax_rate": 10,
    "metadata": {"a": 1},
    "tiers": [{"up_to": 5, "unit_price": "1.5"}],
}


@pytest.fixture
async def catalogue(postgres_url: str) -> AsyncIterator[Installation]:
    settings = Settings.model_validate({"database_url": postgres_url})
    made = Installation([load("catalog")], settings, MasterKey(b"m" * 32), SystemClock())
    await made.open()
    yield made
    await made.close()


class Reader:
    """Asks as a client does and holds each answer against the document."""

    def __init__(self, installation: Installation, document: dict[str, Any]) -> None:
        self._handle = installation.hosts["catalog"].handle
        self._document = document

    async def ask(self, key: str, method: str, query: dict[str, str], body: Any = None, **headers: str) -> Reply:
        """The reply to a request of the entry under `key`; fails where the entry does not foresee it."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        raw = b"" if body is None else orjson.dumps(body)
        reply = await self._handle(
            Call(method, key.partition("?")[0], tuple(query.items()), sent, raw, principal=SELLER)
        )
        response = self._document["paths"][key][method.lower()]["responses"][str(reply.status)]
        if "$ref" in response:
            response = self._document["components"]["responses"][response["$ref"].rsplit("/")[-1]]
        self._validator(response["content"]["application/json"]["schema"]).validate(orjson.loads(reply.encode()))
        assert reply.headers.keys() - {"Content-Type"} <= response.get("headers", {}).keys()
        return reply

    def _validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        return validator_for({**schema, "components": self._document["components"]})  # type: ignore[return-value]


async def test_answers_of_the_catalogue_fit(catalogue: Installation) -> None:
    document = build(entries(await catalogue.manifests()), "https://api.example")
    reader = Reader(catalogue, document)
    made = await reader.ask("/v1/products", "POST", {}, NEW, idempotency_key="once")
    assert made.status == 201
    assert (await reader.ask("/v1/products", "POST", {}, NEW, idempotency_key="once")).status == 200
    assert (await reader.ask("/v1/products", "POST", {}, {"price": -1})).status == 400
    assert (await reader.ask("/v1/products", "POST", {"validate_only": "1"}, NEW)).status == 200
    assert (await reader.ask("/v1/products", "GET", {"limit": "1", "fields": "name"})).status == 200
    wanted = {"id": made.body["data"]["product"]["id"]}
    assert (await reader.ask("/v1/products?id", "GET", wanted)).status == 200
    assert (await reader.ask("/v1/products?id", "GET", {**wanted, "format": "minimal"})).status == 200
    assert (await reader.ask("/v1/products?id", "GET", {"id": "prod_absent"})).status == 404
    assert (await reader.ask("/v1/products", "PATCH", wanted, {"price": 1})).status == 428
    assert (await reader.ask("/v1/products", "PATCH", wanted, {"price": 1}, if_match="9")).status == 412
    assert (await reader.ask("/v1/products", "PATCH", wanted, {"price": 1}, if_match='W/"1"')).status == 200


async def test_an_answer_that_does_not_fit_is_found(catalogue: Installation) -> None:
    document = build(entries(await catalogue.manifests()), "https://api.example")
    document["components"]["schemas"]["PartialProductList"]["properties"]["products"] = {"type": "integer"}
    with pytest.raises(ValueError, match="integer"):
        await Reader(catalogue, document).ask("/v1/products", "GET", {})
