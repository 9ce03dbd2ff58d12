"""What the database and the messages tell about a customer: nothing that names it (R164)."""

from typing import Any

import orjson

from services.customers.tests.conftest import Workspace

SECRETS = {
    "name": "Zerlina Quibberthwaite",
    "email": "zerlina.secret@quibber-mail.example",
    "phone": "+61455667788",
    "address": "17 Hollyhock Crescent",
    "city": "Wonglepong",
    "state": "Queenslandia",
    "zip": "QX9931",
    "notes": "prefers carrier pigeons",
}
CHANGED = {"name": "Ottoline Farthingale", "email": "ottoline@farthing.example", "phone": "+61477889900"}
WORDS = [word.lower() for value in (*SECRETS.values(), *CHANGED.values()) for word in (value, *value.split())]
CANARIES = [word for word in WORDS if len(word) > 4]


async def everything(workspace: Workspace) -> str:
    """All tables of the schema as text, with byte columns also read as text where they can be."""
    tables = await workspace.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'customers'")
    dump: list[str] = []
    for table in tables:
        for row in await workspace.rows(f'SELECT * FROM "{table["tablename"]}"'):
            dump += [_text(value) for value in row.values()]
    return "\n".join(dump).lower()


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return "\n".join(map(_text, value)) if isinstance(value, list) else str(value)


class TestPrivacy:
    async def test_no_table_and_no_message_holds_personal_data(self, workspace: Workspace) -> None:
        key = {"idempotency-key": "first"}
        customer = await workspace.create(SECRETS | {"company": "Visible Pty"}, headers=key)
        again = await workspace.call("POST", "/v1/customers", SECRETS | {"company": "Visible Pty"}, headers=key)
        assert orjson.loads(again.encode())["data"]["customer"]["email"] == SECRETS["email"]
        await workspace.change(customer["id"], CHANGED)
        await workspace.ask("customers.find_or_create", **SECRETS)
        other = await workspace.create({"name": SECRETS["name"], "email": "zerlina.other@quibber-mail.example"})
        await workspace.call("DELETE", f"/v1/customers?id={other['id']}", headers={"if-match": "*"})
        dump = await everything(workspace)
        assert "visible pty" in dump
        assert "customer.updated" in dump
        assert [canary for canary in CANARIES if canary in dump] == []

    async def test_audit_entries_name_changed_fields_and_hide_their_values(self, workspace: Workspace) -> None:
        customer = await workspace.create(SECRETS)
        await workspace.change(customer["id"], {"email": CHANGED["email"], "notes": None, "company": "Acme"})
        row = (
            await workspace.rows(
                "SELECT changes, snapshot, actor FROM audit_entries WHERE entity_id = $1 AND sequence = 2",
                customer["id"],
            )
        )[0]
        assert orjson.loads(row["changes"]) == {
            "email": {"from": "[encrypted]", "to": "[encrypted]"},
            "notes": {"from": "[encrypted]", "to": None},
            "company": {"from": None, "to": "Acme"},
            "version": {"from": 1, "to": 2},
        }
        snapshot = orjson.loads(row["snapshot"])
        assert {snapshot[name] for name in SECRETS if name != "notes"} == {"[encrypted]"}
        assert (snapshot["company"], snapshot["status"], row["actor"]) == ("Acme", "active", "key_1")

    async def test_a_ciphertext_does_not_open_in_another_row(self, workspace: Workspace) -> None:
        first = await workspace.create(SECRETS)
        second = await workspace.create({"name": "Second", "email": "second@example.com"})
        await workspace.rows(
            "UPDATE customers SET personal = (SELECT personal FROM customers WHERE id = $1) WHERE id = $2",
            first["id"],
            second["id"],
        )
        reply = await workspace.call("GET", f"/v1/customers?id={second['id']}&exclude=deals")
        assert (reply.status, SECRETS["name"] in reply.encode().decode()) == (500, False)

    async def test_equal_names_of_two_tenants_share_no_token(self, workspace: Workspace) -> None:
        stranger = Workspace(workspace.host, workspace.clock, workspace.deals, workspace.database_url)
        for one in (workspace, stranger):
            await one.create(SECRETS)
        rows = await workspace.rows(
            "SELECT search_tokens, email_index FROM customers WHERE tenant_id = ANY($1)",
            [workspace.tenant_id, stranger.tenant_id],
        )
        assert not set(rows[0]["search_tokens"]) & set(rows[1]["search_tokens"])
        assert rows[0]["email_index"] != rows[1]["email_index"]
