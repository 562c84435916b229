from __future__ import annotations

import re

import pytest
from jsonschema import Draft202012Validator

from ostler.api.application import describe
from ostler.api.commands import COMMANDS

METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.fixture(scope="module")
def document():
    return describe()


def operations(document):
    return [
        (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


async def test_it_is_served_to_everybody(anonymous, document):
    answer = await anonymous.get("/api/v1/openapi.json")

    assert answer.json() == document
    assert document["openapi"].startswith("3.1.")


def test_every_route_is_described(document, litestar):
    routes = {
        (re.sub(r"/csv$", ".csv", route.path_format), method.lower())
        for route in litestar.routes
        for handler in route.route_handlers
        if handler.resolve_include_in_schema()
        for method in handler.http_methods
        if method.lower() in METHODS
    }

    assert {(path, method) for path, method, _ in operations(document)} == routes


def test_what_is_not_described_is_no_resource(litestar):
    hidden = {
        route.path_format
        for route in litestar.routes
        for handler in route.route_handlers
        if not handler.resolve_include_in_schema() and handler.http_methods != {"OPTIONS"}
    }

    assert hidden == {
        "/",
        "/{path}",
        "/api/v1/openapi.json",
        "/api/v1/stations/{station_id}/commands/{command}",
    }


def test_every_operation_says_what_it_does_and_how_it_may_end(document):
    for path, method, operation in operations(document):
        where = f"{method} {path}"
        assert method in METHODS, where
        assert re.fullmatch(r"[A-Z].{5,}", operation["summary"]), where
        assert operation["tags"], where
        assert any(status.startswith("2") for status in operation["responses"]), where
        assert all(response["description"] for response in operation["responses"].values()), where


def test_operations_have_names_of_their_own(document):
    names = [operation["operationId"] for _, _, operation in operations(document)]

    assert len(names) == len(set(names))


def test_every_reference_leads_somewhere(document):
    def references(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    for reference in set(references(document)):
        target = document
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]


def test_every_schema_is_a_schema(document):
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_every_path_parameter_is_described(document):
    for path, method, operation in operations(document):
        named = {found["name"] for found in operation.get("parameters", []) if found["in"] == "path"}
        assert named == set(re.findall(r"\{(\w+)\}", path)), f"{method} {path}"


def test_every_command_has_its_body(document):
    for name, kind in COMMANDS.items():
        operation = document["paths"][f"/api/v1/stations/{{station_id}}/commands/{name}"]["post"]
        schema = document["components"]["schemas"][kind.__name__]
        assert kind.__name__ in str(operation["requestBody"])
        assert "command" not in schema.get("properties", {})


def test_problems_are_described_as_they_are(document):
    login = document["paths"]["/api/v1/login"]["post"]

    assert set(login["responses"]["429"]["content"]) == {"application/problem+json"}
    assert login["security"] == []
    assert document["paths"]["/api/v1/me"]["get"]["security"] == [{"apiToken": []}, {"login": []}]


@pytest.mark.parametrize(
    "path", ["/api/v1/stations", "/api/v1/setup", "/readyz", "/api/v1/joining-window", "/api/v1/tokens"]
)
async def test_answers_are_as_described(administrator, document, station, path):
    await administrator.post("/api/v1/tokens", json={"id_token": "A"})
    content = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]

    answer = (await administrator.get(path)).json()

    schema = {**content["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer)
