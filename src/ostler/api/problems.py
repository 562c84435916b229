"""What goes wrong, as `application/problem+json` (RFC 9457) with a sentence that says what to do."""

from __future__ import annotations

import re
import sqlite3
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from ostler.services.faults import Conflict, Fault, Missing, Several
from ostler.store.writer import ClosedError, is_fatal

LOG = structlog.get_logger("ostler.api")

STATUS_OF: dict[type[Fault], int] = {Missing: 404, Conflict: 409}
SENTENCES = {
    401: "Log in, or send an API token as `Authorization: Bearer ost_...`.",
    404: "There is nothing at this address.",
    405: "This address does not know this method.",
    413: "The request is too large.",
    500: "Ostler could not do this; its log says why.",
    503: "The database cannot be used at the moment (/readyz says why); nothing was changed. Try again.",
}
TYPE_WORDS = {
    "array": "a list",
    "bool": "true or false",
    "datetime": "a time such as 2030-01-31T12:00:00Z",
    "float": "a number",
    "int": "a whole number",
    "null": "null",
    "object": "an object",
    "str": "text",
}
BOUNDS = {">=": "at least", "<=": "at most", ">": "more than", "<": "less than"}


class FieldProblem(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a request that cannot be used."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An answer to a request that was not carried out."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: tuple[FieldProblem, ...] = ()
    result: str = ""
    """How the order to a station ended, where that is why."""


class Refused(HTTPException):
    """Raised by handlers; becomes a `Problem`."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        errors: tuple[FieldProblem, ...] = (),
        headers: dict[str, str] | None = None,
        result: str = "",
    ) -> None:
        super().__init__(detail=detail, status_code=status, headers=headers)
        self.errors = errors
        self.result = result


def unfit(field: str, detail: str) -> Refused:
    """The 422 for one field."""
    return Refused(422, detail, errors=(FieldProblem(field=field, detail=detail),))


def answer(
    status: int,
    detail: str,
    *,
    errors: tuple[FieldProblem, ...] = (),
    headers: dict[str, str] | None = None,
    result: str = "",
) -> Response[bytes]:
    """A problem as a response."""
    problem = Problem(
        title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors, result=result
    )
    # `type` is given although it is the default: readers of the JSON should not need the RFC.
    content = msgspec.json.encode({"type": problem.type, **msgspec.to_builtins(problem)})
    return Response(content, status_code=status, headers=headers, media_type="application/problem+json")


def on_http(_: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """What handlers, guards and the framework raise."""
    status = error.status_code
    headers = dict(error.headers or {})
    if status == HTTPStatus.UNAUTHORIZED:
        headers.setdefault("WWW-Authenticate", 'Bearer realm="Ostler"')
    if isinstance(error, Refused):
        return answer(status, error.detail, errors=error.errors, headers=headers, result=error.result)
    errors = _framework_errors(error)
    if errors:
        return answer(422, errors[0].detail, errors=errors)
    detail = SENTENCES.get(status) or f"{HTTPStatus(status).phrase}."
    return answer(status, detail, headers=headers)


def on_fault(_: Request[Any, Any, Any], fault: Fault) -> Response[bytes]:
    """What services raise."""
    several = fault.faults if isinstance(fault, Several) else [fault]
    errors = tuple(FieldProblem(field=one.field, detail=one.detail) for one in several if one.field)
    return answer(STATUS_OF.get(type(fault), 422), fault.detail, errors=errors)


def on_anything(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What should not have happened; the log has the details, the answer has none."""
    LOG.error("request failed", method=request.method, path=request.url.path, exc_info=error)
    return answer(500, SENTENCES[500])


def on_database(request: Request[Any, Any, Any], error: sqlite3.Error | ClosedError) -> Response[bytes]:
    """A full disk, a locked or damaged file, or the end of the server: it may go better later."""
    if isinstance(error, sqlite3.Error) and not is_fatal(error):
        return on_anything(request, error)
    LOG.warning("request failed", method=request.method, path=request.url.path, error=str(error))
    return answer(503, SENTENCES[503], headers={"Retry-After": "5"})


HANDLERS: ExceptionHandlersMap = {
    HTTPException: on_http,
    Fault: on_fault,
    sqlite3.Error: on_database,
    ClosedError: on_database,
    Exception: on_anything,
}


def explain(message: str) -> FieldProblem:
    """A message of msgspec as a sentence: Expected `int`, got `str` - at `$.evse`."""
    text, _, place = message.partition(" - at `")
    field = place.rstrip("`").removeprefix("$").removeprefix(".")
    subject = f'"{field}"' if field else "The value"
    wrong = re.fullmatch(r"Expected `(.+?)`, got `(.+)`", text)
    missing = re.fullmatch(r"Object missing required field `(.+)`", text)
    if missing:
        field = f"{field}.{missing[1]}".removeprefix(".")
        return FieldProblem(field=field, detail=f'"{field}" is missing.')
    if wrong:
        wanted = " or ".join(TYPE_WORDS.get(word.strip(), word.strip()) for word in wrong[1].split("|"))
        detail = f"{subject} must be {wanted}, not {TYPE_WORDS.get(wrong[2], wrong[2])}."
        return FieldProblem(field=field, detail=detail)
    bound = re.fullmatch(r"Expected `\w+` (of length )?(>=|<=|>|<) (\S+)", text)
    if bound:
        measure = "have a length of" if bound[1] else "be"
        return FieldProblem(field=field, detail=f"{subject} must {measure} {BOUNDS[bound[2]]} {bound[3]}.")
    return FieldProblem(field=field, detail=f"{subject} does not fit: {text[:1].lower()}{text[1:]}.")


def _framework_errors(error: HTTPException) -> tuple[FieldProblem, ...]:
    """The fields that Litestar found wrong in path or query."""
    found = error.extra if isinstance(error.extra, list) else []
    result = []
    for one in found:
        if isinstance(one, dict) and "message" in one:
            detail = explain(str(one["message"])).detail
            field = str(one.get("key", ""))
            result.append(FieldProblem(field=field, detail=detail.replace("The value", f'"{field}"', 1)))
    return tuple(result)
