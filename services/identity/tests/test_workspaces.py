"""The first workspace, and the facts that services ask of workspaces."""

import re
from decimal import Decimal

import pytest

from services.identity.keys.scopes import PUBLISHABLE_SCOPES
from services.identity.tests.world import PASSWORD, World, code, data, new_email, token_of


class TestFirstWorkspace:
    async def test_comes_with_owner_and_keys(self, world: World) -> None:
        email = new_email()
        made = await world.first_workspace(email=email, country="AU")
        assert (made["name"], made["region"], made["currency"]) == ("Salesbooth Demo", "us", "AUD")
        assert made["tenant_id"].startswith("us_tenant_")
        assert (made["publishable_environment"], made["session_environment"]) == ("test", "test")
        reply = await world.login(email)
        session = await world.session(token_of(reply))
        assert (session.user_id, session.tenant_id) == (made["user_id"], made["tenant_id"])
        assert (session.environment, session.scopes) == ("test", ("*",))

    @pytest.mark.parametrize(
        ("name", "form", "environment", "scopes"),
        [
            ("live_key", r"sb_live_us_[A-Za-z0-9]{32}", "live", ["*"]),
            ("test_key", r"sb_test_us_[A-Za-z0-9]{32}", "test", ["*"]),
            ("publishable_key", r"sb_pub_us_[A-Za-z0-9]{32}", "test", list(PUBLISHABLE_SCOPES)),
        ],
    )
    async def test_keys_work_in_their_environments(
        self, world: World, name: str, form: str, environment: str, scopes: list[str]
    ) -> None:
        made = await world.first_workspace()
        told = data(await world.authenticate(made[name]))
        assert re.fullmatch(form, made[name])
        assert told["key"]["id"] == made[f"{name}_id"]
        principal = told["principal"]
        assert (principal["tenant_id"], principal["environment"]) == (made["tenant_id"], environment)
        assert principal["scopes"] == scopes

    async def test_same_email_makes_no_second_one(self, world: World) -> None:
        email = new_email()
        await world.first_workspace(email=email)
        body = {"name": "Again", "email": email, "password": PASSWORD, "first_name": "A", "last_name": "B"}
        reply = await world.ask("identity.create_workspace", **body)
        assert (reply.status, code(reply)) == (409, "conflict.duplicate_email")
        assert len(data(await world.login(email))["workspaces"]) == 1

    async def test_is_told_to_the_other_services(self, world: World) -> None:
        made = await world.first_workspace()
        event = await world.event("internal.workspace_created", made["tenant_id"])
        assert event.payload == {"tenant_id": made["tenant_id"], "region": "us", "currency": "USD"}


class TestFacts:
    async def test_of_a_workspace(self, world: World) -> None:
        account = await world.account(country="AU")
        assert data(await world.ask("identity.tenant", tenant_id=account.tenant_id)) == {
            "id": account.tenant_id,
            "name": "Acme Consulting",
            "region": "au",
            "currency": "AUD",
            "default_tax_rate": None,
            "session_environment": "live",
        }

    async def test_tax_rate_and_header_rule_reach_principals_and_keys(self, world: World) -> None:
        account = await world.account()
        key = await world.new_key(account)
        async with world.context().worker() as queries:
            await queries.execute(
                "UPDATE tenants SET default_tax_rate = $1, enforce_header_auth = true WHERE tenant_id = $2",
                Decimal("0.1"),
                account.tenant_id,
            )
        told = data(await world.authenticate(key["secret"]))
        assert (told["principal"]["tax_rate"], told["key"]["enforce_header_auth"]) == ("0.1", True)
        assert (await world.session(account.token)).tax_rate == "0.1"
        facts = data(await world.ask("identity.tenant", tenant_id=account.tenant_id))
        assert facts["default_tax_rate"] == "0.1"

    async def test_unknown_one_is_not_found(self, world: World) -> None:
        assert (await world.ask("identity.tenant", tenant_id="us_tenant_none")).status == 404
