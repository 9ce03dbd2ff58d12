"""Nothing that is secret or personal stands in the database, in Redis, in events or in logs as it was sent."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from services.identity.tests.world import World, data, token_of

EMAIL, PASSWORD, FIRST, LAST, PHONE = (
    "canary-mail@example.com",
    "canary password",
    "Canaryfirst",
    "Canarylast",
    "+15550100999",
)


async def dump(postgres_url: str) -> str:
    """All rows of all tables of the service as text; bytes appear in hexadecimal."""
    connection = await asyncpg.connect(postgres_url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'identity'")
        rows = [await connection.fetch(f"SELECT t::text FROM identity.{row['tablename']} t") for row in tables]
    finally:
        await connection.close()
    return "\n".join(str(row[0]) for found in rows for row in found)


def traces(text: str, *canaries: str) -> Iterator[str]:
    """The canaries that a text shows, plainly or as bytes in hexadecimal."""
    for canary in canaries:
        if canary.lower() in text.lower() or canary.encode().hex() in text:
            yield canary


class TestAtRest:
    async def test_accounts_keys_and_sessions_leave_no_trace(
        self, world: World, postgres_url: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        reply = await world.onboard(EMAIL, password=PASSWORD, first_name=FIRST, last_name=LAST, phone=PHONE)
        principal = await world.session(token_of(reply))
        headers = {"idempotency-key": "canary"}
        made = data(await world.call("POST", "/v1/keys", {"name": "K"}, principal=principal, headers=headers))
        playground = data(await world.call("POST", "/v1/playground/session"))
        first = await world.first_workspace(password=PASSWORD)
        remembered = token_of(await world.login(EMAIL, PASSWORD, remember=True))
        await world.login(EMAIL, PASSWORD + "?")
        await world.authenticate(made["secret"])
        await world.call("DELETE", "/v1/keys", id=made["id"], principal=principal)
        secrets = [made["secret"], playground["api_key"], remembered, token_of(reply)]
        secrets += [first[name] for name in ("live_key", "test_key", "publishable_key")]
        canaries = [EMAIL, PASSWORD, FIRST, LAST, PHONE, *secrets]

        stored = await dump(postgres_url)
        assert made["id"] in stored
        assert list(traces(stored, *canaries)) == []
        await world.event("internal.credential_changed", made["id"])
        assert list(traces(str(world.events), *canaries)) == []
        assert list(traces(str(await world.redis.keys("*")), *canaries)) == []
        shown = capfd.readouterr()
        assert list(traces(shown.out + shown.err, *canaries)) == []

    async def test_kept_answer_is_still_replayed(self, world: World) -> None:
        account = await world.account()
        headers = {"idempotency-key": "twice"}
        first, again = await asyncio.gather(
            *(world.call("POST", "/v1/keys", {"name": "K"}, principal=account.principal, headers=headers) for _ in "ab")
        )
        assert data(first)["secret"] == data(again)["secret"]


class TestIsolation:
    async def test_app_role_sees_members_of_its_own_tenant_alone(self, world: World) -> None:
        mine, other = await world.account(), await world.account()
        async with world.context().within(mine.tenant_id, "live").transaction() as tx:
            users = await tx.fetch("SELECT id FROM users")
            tenants = await tx.fetch("SELECT tenant_id FROM tenants")
            sessions = await tx.fetch("SELECT tenant_id FROM sessions")
            changed = await tx.execute("UPDATE users SET state = state WHERE id = $1", other.principal.user_id)
        assert [row["id"] for row in users] == [mine.principal.user_id]
        assert {row["tenant_id"] for row in [*tenants, *sessions]} == {mine.tenant_id}
        assert changed == "UPDATE 0"

    async def test_ciphertext_of_one_user_does_not_open_for_another(self, world: World) -> None:
        mine, other = await world.account(), await world.account()
        async with world.context().worker() as queries:
            await queries.execute(
                "UPDATE users SET email = (SELECT email FROM users WHERE id = $1) WHERE id = $2",
                other.principal.user_id,
                mine.principal.user_id,
            )
        reply = await world.call("GET", "/v1/auth", principal=mine.principal)
        assert reply.status == 500
        assert other.email.encode() not in reply.encode()
