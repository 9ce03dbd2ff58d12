import json

import pytest
from typer.testing import CliRunner

from deploy.cli import app
from deploy.services import SERVICES


def said(*words: str) -> str:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def rows() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = json.loads(said("operations", "--json"))
    return rows


class TestOperations:
    def test_lists_those_of_every_service_and_of_the_gateway(self, rows: list[dict[str, object]]) -> None:
        assert {row["service"] for row in rows} == {*SERVICES, "gateway"}

    def test_lists_each_once(self, rows: list[dict[str, object]]) -> None:
        ids = [row["id"] for row in rows]
        assert len(ids) == len(set(ids))

    def test_leaves_out_what_only_services_may_ask(self, rows: list[dict[str, object]]) -> None:
        assert "identity.create_workspace" not in {row["id"] for row in rows}
        assert not [row for row in rows if str(row["path"]).startswith("/internal")]

    def test_can_be_limited_to_one_service(self, rows: list[dict[str, object]]) -> None:
        of_catalog = json.loads(said("operations", "--json", "--service=catalog"))
        assert of_catalog == [row for row in rows if row["service"] == "catalog"]

    def test_without_json_shows_a_line_for_each(self) -> None:
        assert "products.create  POST /v1/products" in said("operations", "--service=catalog")

    def test_a_service_that_does_not_exist_is_a_sentence(self) -> None:
        result = CliRunner().invoke(app, ["operations", "--service=nonsense"])
        assert result.exit_code == 1
        assert "There is no service `nonsense`" in result.stderr
