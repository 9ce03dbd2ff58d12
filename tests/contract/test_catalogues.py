"""The catalogues of events and tools that the code carries are those of the contract."""

import pytest

from deploy.operations import public_operations
from libs.events.catalogue import catalogue as events
from services.agents.tools.catalogue import ToolRow
from services.agents.tools.catalogue import catalogue as tools
from tests.contract import contract
from tests.contract.contract import Row

pytestmark = contract.needed


class TestEvents:
    def test_every_event_is_known_by_its_name_and_no_other(self) -> None:
        assert sorted(events()) == sorted(contract.events())

    def test_every_payload_has_the_keys_of_the_contract(self) -> None:
        want = {name: sorted(row["payload"]) for name, row in contract.events().items()}
        assert {name: sorted(event.payload) for name, event in events().items()} == want

    def test_every_event_has_family_and_meaning_of_the_contract(self) -> None:
        want = {name: (row["family"], row["doc"]) for name, row in contract.events().items()}
        assert {name: (event.family, event.doc) for name, event in events().items()} == want


class TestTools:
    @pytest.fixture
    def possible(self) -> set[str]:
        """The tools of the contract whose operations exist."""
        known = {row["id"] for row in public_operations()}
        return {name for name, row in contract.tools().items() if operations_of(row) <= known}

    def test_there_are_tools_for_what_exists(self, possible: set[str]) -> None:
        assert {"get_deal", "create_deal", "search_deals"} <= possible

    def test_every_possible_tool_is_as_in_the_contract(self, possible: set[str]) -> None:
        have = {row.name: shown(row) for row in tools()}
        for name in sorted(possible):
            assert have[name] == wanted(contract.tools()[name])


def operations_of(row: Row) -> set[str]:
    """The operations that a tool needs."""
    return {row["operation"], *row["composes"]} - {None}


def wanted(row: Row) -> dict[str, object]:
    """A tool of the contract in the code's shape."""
    return shown(ToolRow.model_validate({name: value for name, value in row.items() if name != "documented"}))


def shown(row: ToolRow) -> dict[str, object]:
    """What two rows are compared by."""
    return row.model_dump(mode="json")
