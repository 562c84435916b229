"""Read requests strictly: an unknown name or a wrong type is refused with a sentence, never passed over."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec
from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.params import BodyKwarg, ParameterKwarg
from litestar.typing import FieldDefinition

from ostler.api.problems import SENTENCES, FieldProblem, Refused, explain, unfit
from ostler.services.faults import nearest

AwareTime = Annotated[datetime, msgspec.Meta(tz=True)]
LARGEST_NUMBER = 2**63 - 1
NO_SUCH_NUMBER = '"{}" is larger than any number that is kept here.'
NO_SUCH_TIME = '"{}" is a time that lies before the year 1 or after the year 9999.'
NO_ZONE = '"{}" must be a time with its zone, such as 2030-01-31T12:00:00Z.'
Connection = ASGIConnection[Any, Any, Any, Any]


def check_query(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse query parameters that the route does not know: a misspelt filter would show too much."""
    known = _query_kinds(handler)
    for name, text in connection.query_params.multi_items():
        if name not in known:
            raise unfit(name, f'The parameter "{name}" is not known.{nearest(name, known)}')
        if datetime in known[name]:
            _check_time(name, text)
        if int in known[name]:
            _check_number(name, text)


def check_path(connection: Connection) -> None:
    """Refuse numbers that no database holds: nothing can be there."""
    for value in connection.path_params.values():
        if isinstance(value, int) and abs(value) > LARGEST_NUMBER:
            raise Refused(404, SENTENCES[404])


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
    _check_numbers(value, "")
    try:
        result = msgspec.convert(value, type=wanted, strict=True)
    except msgspec.ValidationError as error:
        problem = explain(str(error))
        words = words_at(wanted, problem.field) if "invalid enum value" in problem.detail else ()
        if words:
            detail = f'"{problem.field}" must be one of {", ".join(words)}.'
            problem = FieldProblem(field=problem.field, detail=detail)
        raise Refused(422, problem.detail, errors=(problem,) if problem.field else ()) from None
    for name in getattr(result, "__struct_fields__", ()):
        found = getattr(result, name)
        if isinstance(found, datetime):
            if found.tzinfo is None:
                raise unfit(name, NO_ZONE.format(name))
            _check_in_utc(name, found)
    return result


def _check_time(name: str, text: str) -> None:
    """The framework forgets the zone that we demand."""
    try:
        time = msgspec.convert(text, type=AwareTime)
    except msgspec.ValidationError:
        raise unfit(name, NO_ZONE.format(name)) from None
    _check_in_utc(name, time)


def _check_in_utc(name: str, time: datetime) -> None:
    """The first and the last hours of all time have no name in UTC."""
    try:
        time.astimezone(UTC)
    except OverflowError:
        raise unfit(name, NO_SUCH_TIME.format(name)) from None


def _check_number(name: str, text: str) -> None:
    """Python counts further than the database does; what is no number is refused elsewhere."""
    # No longer than this, or the decoding itself would cost.
    if re.fullmatch(r"[+-]?[0-9_]+", text.strip()) and (len(text) > 40 or abs(int(text)) > LARGEST_NUMBER):
        raise unfit(name, NO_SUCH_NUMBER.format(name))


def _check_numbers(value: Any, place: str) -> None:
    match value:
        case int() if abs(value) > LARGEST_NUMBER:
            raise unfit(place, NO_SUCH_NUMBER.format(place))
        case dict():
            for name, inner in value.items():
                _check_numbers(inner, f"{place}.{name}".removeprefix("."))
        case list():
            for index, inner in enumerate(value):
                _check_numbers(inner, f"{place}[{index}]")
        case _:
            pass


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


def words_at(wanted: Any, field: str) -> tuple[str, ...]:
    """The words that a field such as `profile.periods[0].unit` may hold; empty if it may hold anything."""
    for part in filter(None, re.split(r"[.\[\]]+", field.replace("[...]", "[0]"))):
        kinds = _alternatives(wanted)
        if part.isdecimal():
            items = [get_args(kind)[:1] for kind in kinds if get_origin(kind) in {list, tuple}]
            wanted = items[0][0] if items and items[0] else None
        else:
            structs = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, msgspec.Struct)]
            found = [
                f.type for kind in structs for f in msgspec.structs.fields(kind) if f.encode_name == part
            ]
            wanted = found[0] if found else None
    words: list[str] = []
    for kind in _alternatives(wanted):
        if isinstance(kind, type) and issubclass(kind, Enum):
            words += [str(member.value) for member in kind]
        elif get_origin(kind) is Literal:
            words += [str(word) for word in get_args(kind)]
    return tuple(words)


def _alternatives(wanted: Any) -> list[Any]:
    """What a type may be: the members of a union, without annotations."""
    if get_origin(wanted) is Annotated:
        return _alternatives(get_args(wanted)[0])
    if get_origin(wanted) in {Union, UnionType}:
        return [kind for member in get_args(wanted) for kind in _alternatives(member)]
    return [wanted]


@cache
def _body(handler: BaseRouteHandler) -> FieldDefinition | None:
    found = handler.parsed_fn_signature.parameters.get("data")
    if found is None or not isinstance(found.kwarg_definition, BodyKwarg):
        return None
    return found


@cache
def _query_kinds(handler: BaseRouteHandler) -> dict[str, tuple[Any, ...]]:
    """The names of the query parameters, those of dependencies too, with the types that each may have."""
    parameters = handler.parsed_fn_signature.parameters
    providers = handler.resolve_dependencies()
    signatures = [parameters]
    signatures += [providers[name].parsed_fn_signature.parameters for name in parameters if name in providers]
    kinds = {}
    for signature in signatures:
        for name, definition in signature.items():
            kwarg = definition.kwarg_definition
            if isinstance(kwarg, ParameterKwarg) and kwarg.param_type == "query":
                kinds[kwarg.name or name] = get_args(definition.annotation) or (definition.annotation,)
    return kinds
