"""Signing keys through their operations, with an identity service that knows one tenant."""

import asyncio
import base64
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from deploy.installation import Installation
from libs.api.call import Call, Reply
from libs.api.principal import ANONYMOUS, Principal
from libs.errors.types import NotFound
from libs.service.host import ServiceHost
from libs.service.pipeline import render_error
from libs.service.settings import Settings
from libs.vault.master import MasterKey
from services.federation.service import SERVICE

DIGEST = bytes(range(32))
DIGEST_TEXT = base64.b64encode(DIGEST).decode()
TARGET = "/v1/tenant/public-key"


@dataclass
class Tenant:
    """A tenant that identity knows, and calls to the federation service."""

    host: ServiceHost
    id: str = field(default_factory=lambda: f"tenant_{secrets.token_hex(6)}")

    @property
    def principal(self) -> Principal:
        return Principal(kind="session", id="user_1", tenant_id=self.id)

    async def identity(self, call: Call) -> Reply:
        """The identity service's answer to `identity.tenant`."""
        asked = (call.arguments or {}).get("tenant_id")
        return Reply(body={"data": {"id": asked}}) if asked == self.id else render_error(NotFound(), call)

    async def published(self, *query: tuple[str, str], caller: Principal = ANONYMOUS) -> Reply:
        return await self.host.handle(Call("GET", TARGET, query, principal=caller))

    async def key(self, *query: tuple[str, str], caller: Principal = ANONYMOUS) -> dict[str, Any]:
        reply = await self.published(*query, caller=caller)
        assert reply.status == 200, reply.body
        data: dict[str, Any] = reply.body["data"]
        return data

    async def ask(self, operation: str, **body: Any) -> Reply:
        principal = self.principal.acting_as_service()
        return await self.host.handle(Call("", "", operation=operation, arguments=body, principal=principal))

    async def signature(self) -> dict[str, Any]:
        reply = await self.ask("federation.sign", digest=DIGEST_TEXT)
        data: dict[str, Any] = reply.body["data"]
        return data

    async def holds(self, signature: dict[str, Any], digest: str = DIGEST_TEXT) -> bool:
        claim = {"key_id": signature["key_id"], "value": signature["value"], "digest": digest}
        valid: bool = (await self.ask("federation.verify", **claim)).body["data"]["valid"]
        return valid


@pytest.fixture
async def tenant(postgres_url: str) -> AsyncIterator[Tenant]:
    """A fresh tenant of a running federation service."""
    settings = Settings.model_validate({"database_url": postgres_url})
    installation = Installation([SERVICE], settings, MasterKey(b"\x07" * 32))
    await installation.open()
    own = Tenant(installation.hosts["federation"])
    installation.dispatch.add(["identity.tenant"], own.identity)
    yield own
    await installation.close()


class TestPublicKey:
    async def test_anyone_verifies_a_signature_with_each_form_of_the_key(self, tenant: Tenant) -> None:
        signature = await tenant.signature()
        key = await tenant.key(("tenant_id", tenant.id))
        value = base64.b64decode(signature["value"])
        jwk = key["public_key_jwk"]
        raw = base64.urlsafe_b64decode(jwk["x"] + "=")
        for loaded in (
            load_der_public_key(base64.b64decode(key["public_key"])),
            load_pem_public_key(key["public_key_pem"].encode()),
            Ed25519PublicKey.from_public_bytes(raw),
        ):
            assert isinstance(loaded, Ed25519PublicKey)
            loaded.verify(value, DIGEST)
        assert (key["algorithm"], key["key_version"], key["status"]) == ("ed25519", 1, "active")
        assert jwk["kid"] == key["key_id"] == signature["key_id"]
        assert "keys" not in key

    @pytest.mark.parametrize(
        ("form", "member"), [("raw", "public_key"), ("pem", "public_key_pem"), ("jwk", "public_key_jwk")]
    )
    async def test_format_leaves_one_form(self, tenant: Tenant, form: str, member: str) -> None:
        key = await tenant.key(("tenant_id", tenant.id), ("format", form))
        assert {name for name in key if name.startswith("public_key")} == {member}

    async def test_the_first_question_makes_the_key_once(self, tenant: Tenant) -> None:
        keys = await asyncio.gather(*[tenant.key(("tenant_id", tenant.id)) for _ in range(5)])
        assert len({key["key_id"] for key in keys}) == 1

    async def test_an_unknown_tenant_is_not_found_and_gets_no_key(self, tenant: Tenant, postgres_url: str) -> None:
        reply = await tenant.published(("tenant_id", "tenant_nobody"))
        assert (reply.status, reply.body["code"]) == (404, "not_found")
        connection = await asyncpg.connect(postgres_url)
        made = await connection.fetchval("SELECT 1 FROM federation.signing_keys WHERE tenant_id = 'tenant_nobody'")
        await connection.close()
        assert made is None

    async def test_current_is_the_tenant_of_the_session(self, tenant: Tenant) -> None:
        own = await tenant.key(("tenant_id", "_current"), caller=tenant.principal)
        assert own["tenant_id"] == tenant.id
        nobody = await tenant.published(("tenant_id", "_current"))
        key = Principal(kind="key", id="key_1", tenant_id=tenant.id, scopes=("*",))
        assert [nobody.status, (await tenant.published(("tenant_id", "_current"), caller=key)).status] == [401, 401]

    async def test_neither_tenant_nor_key_is_a_broken_request(self, tenant: Tenant) -> None:
        reply = await tenant.published()
        assert (reply.status, reply.body["code"]) == (400, "validation_error.bad_request")

    async def test_a_key_is_found_by_its_id_alone(self, tenant: Tenant) -> None:
        signature = await tenant.signature()
        found = await tenant.key(("key_id", signature["key_id"]))
        assert (found["tenant_id"], found["key_id"]) == (tenant.id, signature["key_id"])
        wrong = [
            await tenant.published(("key_id", "key_unknown")),
            await tenant.published(("key_id", signature["key_id"]), ("tenant_id", "tenant_other")),
        ]
        assert [reply.status for reply in wrong] == [404, 404]


class TestRotation:
    async def test_the_old_key_stays_to_verify_what_it_signed(self, tenant: Tenant) -> None:
        old = await tenant.signature()
        rotated = (await tenant.ask("federation.rotate_signing_key")).body["data"]
        new = await tenant.signature()
        assert rotated == {"key_id": new["key_id"], "key_version": 2, "previous_key_id": old["key_id"]}
        assert [await tenant.holds(old), await tenant.holds(new)] == [True, True]
        assert (await tenant.key(("tenant_id", tenant.id)))["key_id"] == new["key_id"]
        assert (await tenant.key(("key_id", old["key_id"])))["status"] == "rotated"

    async def test_rotated_keys_are_listed_when_asked_for(self, tenant: Tenant) -> None:
        await tenant.ask("federation.rotate_signing_key")
        key = await tenant.key(("tenant_id", tenant.id), ("include_rotated", ""), ("format", "jwk"))
        assert [(one["key_version"], one["status"]) for one in key["keys"]] == [(2, "active"), (1, "rotated")]
        assert key["keys"][0].items() <= key.items()


class TestVerify:
    async def test_another_digest_value_or_key_does_not_hold(self, tenant: Tenant) -> None:
        signature = await tenant.signature()
        other = base64.b64encode(bytes(32)).decode()
        assert await tenant.holds(signature)
        assert not await tenant.holds(signature, other)
        assert not await tenant.holds(signature | {"value": base64.b64encode(bytes(64)).decode()})
        assert not await tenant.holds(signature | {"value": "no base64"})
        assert not await tenant.holds(signature | {"key_id": "key_unknown"})

    async def test_another_tenants_signature_does_not_hold(self, tenant: Tenant) -> None:
        assert not await tenant.holds(await Tenant(tenant.host).signature())

    @pytest.mark.parametrize("digest", ["", "c2hvcnQ=", "!", 7])
    async def test_a_digest_has_32_bytes(self, tenant: Tenant, digest: Any) -> None:
        reply = await tenant.ask("federation.sign", digest=digest)
        assert set(reply.body["details"]["fields"]) == {"digest"}


class TestSecrecy:
    async def test_no_table_holds_a_secret_key(self, tenant: Tenant, postgres_url: str) -> None:
        await tenant.signature()
        await tenant.ask("federation.rotate_signing_key")
        context = tenant.host.runtime.context(Call("", "", principal=tenant.principal))
        async with context.transaction() as tx:
            key = await context.ports.signing_keys.active_key(tx, tenant.id)
        connection = await asyncpg.connect(postgres_url)
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'federation'")
        dump = [
            value
            for table in tables
            for row in await connection.fetch(f'SELECT * FROM federation."{table["tablename"]}"')
            for value in row.values()
        ]
        await connection.close()
        assert any(key.public.raw == value for value in dump)
        assert not any(isinstance(value, bytes) and key._secret in value for value in dump)
