"""Schemas for readers, documents and tools."""

from typing import Any

from libs.api.schemas import inlined, mapped, published, relaxed, without_rules

TREE: dict[str, Any] = {
    "$defs": {
        "Leaf": {"title": "Leaf", "type": "object", "properties": {"size": {"type": "integer", "ge": 1}}},
        "Node": {
            "title": "Node",
            "type": "object",
            "properties": {
                "leaf": {"$ref": "#/$defs/Leaf"},
                "next": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
            },
            "required": ["leaf"],
            "additionalProperties": False,
        },
    },
    "$ref": "#/$defs/Node",
}


class TestPublished:
    def test_limits_get_their_standard_names(self) -> None:
        assert published({"type": "integer", "ge": 5, "le": 480}) == {"type": "integer", "minimum": 5, "maximum": 480}

    def test_a_field_called_like_a_limit_or_a_title_stays(self) -> None:
        schema = {"type": "object", "properties": {"ge": {"type": "string"}, "title": {"type": "string", "title": "T"}}}
        assert published(schema)["properties"] == {"ge": {"type": "string"}, "title": {"type": "string"}}

    def test_references_to_rules_are_left_out(self) -> None:
        assert (
            without_rules("A version conflict (R20, R43). Amounts (in USD).") == "A version conflict. Amounts (in USD)."
        )


class TestInlined:
    def test_definitions_are_put_in_place(self) -> None:
        found = inlined(TREE)
        assert found["properties"]["leaf"] == {"type": "object", "properties": {"size": {"type": "integer", "ge": 1}}}
        assert "$defs" not in found

    def test_a_definition_inside_itself_admits_anything(self) -> None:
        assert inlined(TREE)["properties"]["next"] == {"anyOf": [{}, {"type": "null"}]}

    def test_the_given_schema_is_not_changed(self) -> None:
        before = str(TREE)
        inlined(TREE)
        relaxed(TREE)
        assert str(TREE) == before


class TestRelaxed:
    def test_nothing_is_required_and_nothing_excluded(self) -> None:
        node = relaxed(TREE)["$defs"]["Node"]
        assert "required" not in node
        assert "additionalProperties" not in node

    def test_maps_keep_the_schema_of_their_values(self) -> None:
        schema = {"type": "object", "additionalProperties": {"type": "string"}}
        assert relaxed(schema) == schema


def test_mapped_reaches_every_schema_once() -> None:
    seen: list[str] = []

    def note(one: dict[str, Any]) -> dict[str, Any]:
        seen.append(str(one.get("type")))
        return one

    mapped({"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}, "not": True}, note)
    assert seen == ["string", "object", "array"]
