"""Read requests strictly: an unknown name or a wrong type is refused with a sentence, never passed over."""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import Any, get_args

import msgspec
from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.params import BodyKwarg, ParameterKwarg
from litestar.typing import FieldDefinition

from ostler.api.problems import FieldProblem, Refused, explain, unfit
from ostler.services.faults import nearest

Connection = ASGIConnection[Any, Any, Any, Any]


def check_query(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse query parameters that the route does not know: a misspelt filter would show too much."""
    known = _query_names(handler)
    for name in connection.query_params:
        if name not in known:
            raise unfit(name, f'The parameter "{name}" is not known.{nearest(name, known)}')


async def check_body(connection: Connection, handler: BaseRouteHandler) -> None:
    """Decode the body strictly as the handler's `data`, before the framework does it leniently."""
    wanted = _body(handler)
    if wanted is not None and isinstance(connection, Request):
        body = await connection.body()
        if body or not wanted.is_optional:
            decode(body, wanted.annotation)


def decode(body: bytes, wanted: Any) -> Any:
    """`body` as `wanted`, a struct; raises `Refused`."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refused(400, "The body is not JSON.") from None
    return fit(value, wanted)


def fit(value: Any, wanted: Any) -> Any:
    """Decoded JSON as `wanted`; raises `Refused`, for an unknown field with the nearest known one."""
    problems = tuple(_unknown_fields(value, wanted))
    if problems:
        raise Refused(422, problems[0].detail, errors=problems)
    try:
        return msgspec.convert(value, type=wanted, strict=True)
    except msgspec.ValidationError as error:
        problem = explain(str(error))
        raise Refused(422, problem.detail, errors=(problem,) if problem.field else ()) from None


def _unknown_fields(value: Any, wanted: Any) -> list[FieldProblem]:
    """Of the topmost object; deeper down msgspec's own message has to do."""
    wanted = next((kind for kind in get_args(wanted) if kind is not NoneType), wanted)
    if not isinstance(value, dict) or not (isinstance(wanted, type) and issubclass(wanted, msgspec.Struct)):
        return []
    config = wanted.__struct_config__
    known = set(wanted.__struct_encode_fields__)
    allowed = known | ({config.tag_field} if config.tag_field else set())
    return [
        FieldProblem(field=name, detail=f'The field "{name}" is not known.{nearest(name, known)}')
        for name in value
        if name not in allowed
    ]


@cache
def _body(handler: BaseRouteHandler) -> FieldDefinition | None:
    found = handler.parsed_fn_signature.parameters.get("data")
    if found is None or not isinstance(found.kwarg_definition, BodyKwarg):
        return None
    return found


@cache
def _query_names(handler: BaseRouteHandler) -> frozenset[str]:
    names = set()
    for name, definition in handler.parsed_fn_signature.parameters.items():
        kwarg = definition.kwarg_definition
        if isinstance(kwarg, ParameterKwarg) and kwarg.param_type == "query":
            names.add(kwarg.name or name)
    return frozenset(names)
