"""What an operation says of itself is complete and in the words of the contract."""

import re

from jsonschema_rs import meta

from libs.api.describe import body_rows, output_schema, path_rows, query_rows
from libs.api.operation import KEY, NONE, PROVIDER, PUBLISHABLE, SESSION, Operation
from libs.errors.table import CATEGORY_OF_STATUS, RECOVERY
from libs.events.catalogue import catalogue
from services.identity.keys.scopes import SCOPES
from tests.registry.operations import DECLARED, each, open_to_all, routes_of

MOST_WORDS = 16
TYPES = frozenset(
    "string integer number boolean object array enum date datetime email url currency file".split(),
)
"""The field types of the contract."""

CODE = re.compile(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*")
SHORT_CODES = {code for code in RECOVERY if "." not in code}
"""Codes that the table of errors has without a category before them (RULES section 3, R58)."""

CALLERS = {KEY, PUBLISHABLE, SESSION, NONE, PROVIDER}


def test_no_two_operations_have_the_same_id() -> None:
    ids = [one.id for one in DECLARED]
    assert sorted(ids) == sorted(set(ids))


@each(DECLARED)
class TestDeclaration:
    def test_its_docstring_begins_with_one_short_sentence(self, operation: Operation) -> None:
        sentence = operation.text.split("\n\n")[0]
        assert re.fullmatch(r"[A-Z][^\n]*\.", sentence)
        assert ". " not in sentence
        assert len(re.split(r"[,;:(]", sentence)[0].split()) <= MOST_WORDS

    def test_its_id_names_a_resource_and_what_happens_to_it(self, operation: Operation) -> None:
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", operation.id)

    def test_its_paths_have_the_version(self, operation: Operation) -> None:
        assert [route for route in routes_of(operation) if not route.path.startswith("/v1/")] == []

    def test_its_callers_and_scopes_are_those_of_the_tables(self, operation: Operation) -> None:
        assert set(operation.auth) - CALLERS == set()
        assert set(operation.scopes) - SCOPES == set()
        assert not open_to_all(operation) or not operation.scopes

    def test_its_events_are_in_the_catalogue(self, operation: Operation) -> None:
        assert set(operation.emits) - catalogue().keys() == set()

    def test_its_errors_explain_themselves(self, operation: Operation) -> None:
        for error in operation.errors:
            assert error.__doc__
            assert error.message[0].isupper()
            assert error.code in SHORT_CODES or CODE.fullmatch(error.code)
            category = CATEGORY_OF_STATUS[error.status]
            assert error.code in SHORT_CODES or error.code.split(".")[0] == category

    def test_its_fields_have_the_types_of_the_contract(self, operation: Operation) -> None:
        rows = [
            *path_rows(operation.binding),
            *query_rows(operation),
            *body_rows(operation.binding.body_model),
        ]
        assert {row["name"]: row["type"] for row in rows if row["type"] not in TYPES} == {}
        for row in rows:
            meta.validate(row["schema"])

    def test_its_answer_has_a_valid_schema(self, operation: Operation) -> None:
        schema = output_schema(operation.binding)
        assert (schema is None) is (operation.binding.output is None)
        if schema:
            meta.validate(schema | {"$schema": "https://json-schema.org/draft/2020-12/schema"})
