"""The OpenAPI 3.1 description: what the framework finds out, put right where it cannot know."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import msgspec
from litestar import Litestar, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.types import Method

import ostler
from ostler.api.admission import PUBLIC
from ostler.api.commands import COMMANDS
from ostler.domain.words import Role

DESCRIPTION = (
    "Times are ISO 8601 in UTC, energies Wh, powers W, currents A. Lists are pages: give `next_cursor` as "
    "`cursor` for the next one. What cannot be done is answered as `application/problem+json`."
)
SECURITY: list[dict[str, list[str]]] = [{"apiToken": []}, {"login": []}]
SCHEMES = {
    "apiToken": {"type": "http", "scheme": "bearer", "description": "`ostler api-token create` makes one."},
    "login": {
        "type": "apiKey",
        "in": "cookie",
        "name": "ostler_login",
        "description": "Set by `POST /login`.",
    },
}
PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457; `detail` is a sentence that says what to do.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
        "result": {"type": "string", "description": "How the order to a station ended."},
    },
}
REASONS = {
    "400": "The body is not JSON.",
    "401": "Nobody is logged in, or name, password or token are wrong.",
    "403": "The role does not suffice, or another site's page sends this.",
    "404": "There is no such thing.",
    "409": "It contradicts what is there.",
    "413": "The request is too large.",
    "422": "A field or parameter cannot be used.",
    "429": "Too often.",
}
CSV_BODY = {
    "required": True,
    "content": {"text/csv": {"schema": {"type": "string"}}},
}


def operation_id(handler: HTTPRouteHandler, _: Method, __: list[str | Any]) -> str:
    """The name of the function that answers."""
    return handler.handler_name


def config() -> OpenAPIConfig:
    """For the application that is only described, never served."""
    return OpenAPIConfig(
        title="Ostler",
        version=ostler.__version__,
        description=DESCRIPTION,
        use_handler_docstrings=True,
        operation_id_creator=operation_id,
        path="/description",
        render_plugins=[JsonRenderPlugin(path="/openapi.json")],
    )


def describe(app: Litestar) -> dict[str, Any]:
    """The description of `app`, which was made with `config()`."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    found["paths"] = {_path(path): item for path, item in sorted(found["paths"].items())}
    roles = _roles(app)
    for path, item in found["paths"].items():
        for method, operation in item.items():
            _mend(path, method, operation, roles[operation["operationId"]])
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    for kind in COMMANDS.values():
        _without_tag(schemas.get(kind.__name__, {}))
    schemas["Problem"] = PROBLEM
    found["components"]["securitySchemes"] = SCHEMES
    return found


def make_handler(document: Callable[[], dict[str, Any]]) -> HTTPRouteHandler:
    """The route of the description."""

    @get("/openapi.json", opt=PUBLIC, include_in_schema=False, sync_to_thread=True)
    def read_openapi() -> Response[dict[str, Any]]:
        return Response(document(), media_type="application/json")

    return read_openapi


def _path(path: str) -> str:
    """As people write it: the route behind it differs for the CSV of a group."""
    return re.sub(r"/csv$", ".csv", path)


def _roles(app: Litestar) -> dict[str, Role | None]:
    return {
        handler.handler_name: handler.opt.get("role")
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
    }


def _mend(path: str, method: str, operation: dict[str, Any], role: Role | None) -> None:
    text = operation.pop("description", "").strip()
    summary, _, rest = text.partition("\n")
    operation["summary"] = summary.strip()
    lines = [" ".join(rest.split()), f"Needs the role {role.value}." if role else "Needs no login."]
    operation["description"] = " ".join(line for line in lines if line)
    operation["security"] = SECURITY if role else []
    responses = operation["responses"]
    responses.pop("400", None)
    for status, response in responses.items():
        response["description"] = "Done." if status.startswith("2") else response["description"]
        response.pop("headers", None)
    for status in _statuses(path, method, operation, role):
        responses[status] = {
            "description": REASONS[status],
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    if path.endswith(".csv") and method == "put":
        operation["requestBody"] = CSV_BODY
    if path == "/readyz":
        responses["503"] = {**responses["200"], "description": "Stations cannot be served."}


def _statuses(path: str, method: str, operation: dict[str, Any], role: Role | None) -> list[str]:
    """Which problems a route may answer with."""
    found = {"422"} if path.startswith("/api/") else set()
    if role:
        found |= {"401", "403"}
    if method != "get":
        found |= {"403", "409"}
        found |= {"400", "413"} if "requestBody" in operation else set()
    if "{" in path:
        found.add("404")
    if path.endswith(("/login", "/setup", "/password")) and method != "get":
        found |= {"401", "429"}
    if path.endswith("/events"):
        found.add("429")
    return sorted(found)


def _without_tag(schema: dict[str, Any]) -> None:
    """The command stands in the path and need not be said again in the body."""
    schema.get("properties", {}).pop("command", None)
    if "required" in schema:
        schema["required"] = [name for name in schema["required"] if name != "command"]
