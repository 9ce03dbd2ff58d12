"""Search over encrypted fields by blind tokens."""

import pytest

from services.customers.tests.conftest import JANE, Workspace


class TestSearch:
    @pytest.mark.parametrize(
        "text",
        [
            "jane",
            "SMITH",
            "smith  jane",
            "Ｊane",
            "jane@example.com",
            "JANE@EXAMPLE.COM",
            "example.com",
            "+61 412 345 678",
            "61412345678",
            "0412 345 678",
            "acme",
            "me co",
        ],
    )
    async def test_a_customer_is_found(self, workspace: Workspace, text: str) -> None:
        customer = await workspace.create()
        await workspace.create({"name": "Bob Brown", "email": "bob@other.org", "phone": "+61499999999"})
        assert await workspace.found(text) == [customer["id"]]

    @pytest.mark.parametrize("text", ["jan", "jane brown", "john@example.com", "+61412345679", "%", "_", "!!!"])
    async def test_others_are_not(self, workspace: Workspace, text: str) -> None:
        await workspace.create()
        assert await workspace.found(text) == []

    async def test_an_empty_search_is_none(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        assert await workspace.found("  ") == [customer["id"]]

    async def test_a_search_and_a_status_narrow_together(self, workspace: Workspace) -> None:
        await workspace.create()
        reply = await workspace.call("GET", "/v1/customers?search=jane&status=archived")
        assert reply.body["data"]["pagination"]["total"] == 0

    async def test_old_values_stop_finding_the_customer(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        await workspace.change(customer["id"], {"name": "Janet Jones", "email": "jj@example.net", "phone": None})
        for gone in (JANE["name"], JANE["email"], JANE["phone"]):
            assert await workspace.found(gone) == []
        assert await workspace.found("janet") == await workspace.found("jj@example.net") == [customer["id"]]

    async def test_rows_that_are_left_out_are_not_decrypted(self, workspace: Workspace) -> None:
        customer = await workspace.create()
        await workspace.create({"name": "Bob Brown", "email": "bob@other.org"})
        await workspace.rows("UPDATE customers SET personal = '\\x00' WHERE id <> $1", customer["id"])
        assert await workspace.found("jane") == [customer["id"]]
