"""Every operation of the contract that has to exist is declared exactly as it says."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import pytest

from deploy.operations import public_operations
from tests.contract import contract
from tests.contract.contract import Row

pytestmark = contract.needed

OUTSIDE_THE_CONTRACT = {
    "job_queue.get": "a later operation of the contract, made early because X-Job-ID has to lead somewhere",
    "mcp.message": "JSON-RPC messages that have no operation of their own in the contract",
}

NO_DELEGATIONS = "delegations do not exist yet, and any X-Delegation-ID is refused"
NO_BILLING = "credits do not exist yet"
CODES_OF_LATER_FEATURES = {
    (403, "DELEGATION_BUDGET_EXCEEDED"): NO_DELEGATIONS,
    (429, "spending_limit_exceeded"): NO_DELEGATIONS,
    (402, "billing.insufficient_credit"): NO_BILLING,
    (402, "billing.trust_ceiling_exceeded"): NO_BILLING,
    (409, "conflict.already_converted"): "saved configurations do not exist yet",
    (410, "not_found.expired"): "saved configurations do not exist yet",
}
FIRST_PARTY_HEADERS = {"Cookie", "Stripe-Signature"}
"""Headers that belong to the ways to authenticate, which `auth` names."""

OTHER_TYPES = {
    ("deals.create", "status"): "the values are listed instead of told in a rule",
    ("products.list", "requires_booking"): "1 and 0 are two of the spellings of a boolean in a query (R197)",
}


@cache
def declared() -> dict[str, dict[str, Any]]:
    """What `salesbooth operations --json` prints, by id."""
    return {row["id"]: row for row in public_operations()}


def test_no_operation_is_missing_and_none_is_unheard_of() -> None:
    assert sorted(declared()) == sorted([*contract.in_scope(), *OUTSIDE_THE_CONTRACT])


@pytest.mark.parametrize("operation_id", contract.in_scope())
class TestOperation:
    def test_it_has_the_address_of_the_contract(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        assert address(have) == address(want)
        assert have["service"] == want["service"]

    def test_it_admits_the_callers_and_scopes_of_the_contract(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        assert (set(have["auth"]), set(have["scopes"])) == (set(want["auth"]), set(want["scopes"]))

    def test_it_has_every_field_of_the_contract(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        for part in ("query", "body"):
            fields = {field["name"]: field for field in have[part]}
            assert list(differences(operation_id, fields_of(want, part), fields)) == []

    def test_it_reads_the_headers_of_the_contract(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        assert set(want["headers"]) - FIRST_PARTY_HEADERS - set(have["headers"]) == set()

    def test_it_succeeds_as_the_contract_says(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        assert {name: have[name] for name in ("success", "media", "envelope")} == {
            name: want[name] for name in ("success", "media", "envelope")
        }

    def test_it_declares_the_events_of_the_contract(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        assert set(have["events"]) == set(want["events"])

    def test_it_declares_the_errors_of_the_contract(self, operation_id: str) -> None:
        want, have = contract.operations()[operation_id], declared()[operation_id]
        assert codes(want) - codes(have) - CODES_OF_LATER_FEATURES.keys() == set()


def address(row: Row) -> tuple[str, list[str], dict[str, str], str]:
    """Where an operation is found; names of path parameters and spellings of actions do not matter."""
    parts = ["{}" if part.startswith("{") else part for part in row["path"].replace("/api/v1/", "/v1/").split("/")]
    select = {name: str(value).replace("-", "_") for name, value in row["select"].items()}
    return row["method"], parts, select, row["select_in"]


def fields_of(row: Row, part: str) -> list[Row]:
    """The fields of a part of a request, without those that select the operation."""
    return [field for field in row[part] if field["name"] not in row["select"]]


def differences(operation_id: str, wanted: Iterable[Row], fields: dict[str, Any]) -> Iterator[str]:
    """What is not as the contract says of fields."""
    for want in wanted:
        have = fields.get(want["name"])
        if have is None:
            yield f"{want['name']} is missing"
            continue
        if bool(want["required"]) is not have["required"]:
            yield f"{want['name']}: required is {have['required']}"
        if want["type"] != have["type"] and (operation_id, want["name"]) not in OTHER_TYPES:
            yield f"{want['name']} is {have['type']}, not {want['type']}"
        if have["type"] == "enum" == want["type"] and set(want["values"]) != set(values_of(have)):
            yield f"{want['name']} takes {values_of(have)}, not {want['values']}"


def values_of(field: Row) -> list[str]:
    """The values of an enumeration; a constant is one of one value."""
    schema = field["schema"]
    return list(schema["enum"]) if "enum" in schema else [schema["const"]]


def codes(row: Row) -> set[tuple[int, str]]:
    """Status and code of the errors that an operation is known to answer."""
    return {(error["status"], error["code"]) for error in row["errors"]}
