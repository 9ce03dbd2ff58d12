"""The document as validators and readers see it."""

from typing import Any

import pytest
from openapi_spec_validator import validate

from libs.api.answers import Answer
from libs.api.fields import Output
from libs.api.operation import GET, operation
from libs.openapi.document import build
from libs.openapi.tests.samples import sample_entries

URL = "https://api.example"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return build(sample_entries(), URL)


def operation_at(document: dict[str, Any], method: str, address: str) -> Any:
    return document["paths"][address][method]


def parameters(document: dict[str, Any], method: str, address: str) -> dict[str, Any]:
    """The parameters of an operation by name, those of the components included."""
    found = operation_at(document, method, address)["parameters"]
    shared = document["components"]["parameters"]
    resolved = [shared[one["$ref"].rsplit("/")[-1]] if "$ref" in one else one for one in found]
    return {one["name"]: one for one in resolved}


class TestDocument:
    def test_an_independent_validator_accepts_it(self, document: dict[str, Any]) -> None:
        validate(document)

    def test_the_order_of_the_operations_does_not_matter(self, document: dict[str, Any]) -> None:
        turned = build(reversed(sample_entries()), URL + "/")
        assert turned == document
        assert list(turned["paths"]) == list(document["paths"])

    def test_every_operation_has_its_id_and_its_service(self, document: dict[str, Any]) -> None:
        found = [one for item in document["paths"].values() for one in item.values()]
        ids = [one["operationId"] for one in found]
        assert sorted(ids) == [
            "things.create",
            "things.export",
            "things.get",
            "things.greet",
            "things.sell",
            "things.sell.2",
            "things.update",
        ]
        assert {tag for one in found for tag in one["tags"]} == {"things"}

    def test_references_to_our_rules_stay_inside(self, document: dict[str, Any]) -> None:
        assert "(R" not in str(document)


class TestAddresses:
    def test_selectors_are_part_of_the_key(self, document: dict[str, Any]) -> None:
        assert list(document["paths"]) == [
            "/v1/greet#hello",
            "/v1/things",
            "/v1/things/{id}",
            "/v1/things/{id}/sale",
            "/v1/things?action=export",
            "/v1/things?action=sell",
            "/v1/things?id",
        ]

    def test_a_selector_with_one_value_is_a_required_constant(self, document: dict[str, Any]) -> None:
        action = parameters(document, "post", "/v1/things?action=sell")["action"]
        assert (action["in"], action["required"], action["schema"]["enum"]) == ("query", True, ["sell"])

    def test_a_selector_with_any_value_is_a_required_parameter(self, document: dict[str, Any]) -> None:
        id_ = parameters(document, "get", "/v1/things?id")["id"]
        assert (id_["in"], id_["required"], id_["description"]) == ("query", True, "thing to read")

    def test_a_selector_of_the_body_is_demanded_there(self, document: dict[str, Any]) -> None:
        body = operation_at(document, "post", "/v1/greet#hello")["requestBody"]["content"]["application/json"]["schema"]
        assert body["properties"]["method"] == {"const": "hello"}
        assert body["required"] == ["method", "id"]

    def test_a_further_route_names_the_operation_that_it_leads_to(self, document: dict[str, Any]) -> None:
        assert operation_at(document, "post", "/v1/things/{id}/sale")["x-same-as"] == "things.sell"


class TestRequests:
    def test_headers_that_are_read_are_parameters(self, document: dict[str, Any]) -> None:
        assert parameters(document, "patch", "/v1/things/{id}")["If-Match"]["required"] is True
        assert "Idempotency-Key" in parameters(document, "post", "/v1/things")

    def test_a_field_that_may_be_cleared_admits_null(self, document: dict[str, Any]) -> None:
        content = operation_at(document, "patch", "/v1/things/{id}")["requestBody"]["content"]
        properties = content["application/json"]["schema"]["properties"]
        assert properties["size"] == {"type": ["integer", "null"], "default": 3}
        assert {"type": "null"} in properties["colour"]["anyOf"]
        assert properties["name"] == {"type": "string", "description": "what it is called"}

    def test_credentials_follow_from_who_may_call(self, document: dict[str, Any]) -> None:
        assert operation_at(document, "post", "/v1/greet#hello")["security"] == [{}]
        session = operation_at(document, "patch", "/v1/things/{id}")["security"]
        assert session == [{"bearer": []}, {"apiKey": []}, {"session": []}]

    def test_scopes_events_and_deprecation_are_told(self, document: dict[str, Any]) -> None:
        create = operation_at(document, "post", "/v1/things")
        assert (create["x-scopes"], create["x-events"]) == (["things:write"], ["thing.created"])
        assert "thing.created" in create["description"]
        assert operation_at(document, "post", "/v1/things?action=sell")["deprecated"] is True


class TestResponses:
    def test_success_is_the_envelope_around_the_model(self, document: dict[str, Any]) -> None:
        created = operation_at(document, "post", "/v1/things")["responses"]["201"]
        schema = created["content"]["application/json"]["schema"]
        assert schema["required"] == ["error", "success", "data"]
        assert schema["properties"]["data"] == {"$ref": "#/components/schemas/ThingData"}
        assert "ETag" in created["headers"]

    def test_a_creation_may_be_replayed_or_only_validated(self, document: dict[str, Any]) -> None:
        again = operation_at(document, "post", "/v1/things")["responses"]["200"]
        data = again["content"]["application/json"]["schema"]["properties"]["data"]
        assert {"$ref": "#/components/schemas/Validated"} in data["anyOf"]
        assert "Idempotent-Replayed" in again["headers"]

    def test_answers_that_callers_shape_may_lack_members(self, document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        assert "required" not in schemas["PartialThingView"]
        assert schemas["ThingView"]["required"] == ["id", "parts", "version"]
        assert "additionalProperties" not in schemas["ThingView"]

    def test_documented_errors_stand_beside_the_general_ones(self, document: dict[str, Any]) -> None:
        responses = operation_at(document, "post", "/v1/things?action=sell")["responses"]
        assert "`conflict.thing_in_use`: Something still needs the thing" in responses["409"]["description"]
        assert {"400", "401", "403", "413", "429", "500", "503"} <= responses.keys()
        assert "412" in operation_at(document, "patch", "/v1/things/{id}")["responses"]

    def test_another_medium_is_named(self, document: dict[str, Any]) -> None:
        content = operation_at(document, "get", "/v1/things?action=export")["responses"]["200"]["content"]
        assert list(content) == ["text/csv"]


class TestNamesOfSchemas:
    def test_models_of_one_name_in_two_services_are_kept_apart(self) -> None:
        class ThingData(Output):
            """Something else of the same name."""

            length: int

        @operation("others.get", GET, "/v1/others", scopes=["others:read"])
        async def other(ctx: Any) -> Answer[ThingData]:
            """Read another thing."""
            raise NotImplementedError

        document = build([*sample_entries(), *sample_entries("others", [other])], URL)
        validate(document)
        data = document["components"]["schemas"]
        assert {"ThingData", "ThingsThingData"} <= data.keys() or {"ThingData", "OthersThingData"} <= data.keys()
        assert data["ThingData"] != data.get("ThingsThingData", data.get("OthersThingData"))
