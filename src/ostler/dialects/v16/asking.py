"""What all senders share: asking so that OCPP 1.6 allows it, and reading the word that comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from ostler import quirks
from ostler.dialects.base import Caller, CallFailed
from ostler.domain.commands import CommandResult
from ostler.domain.words import Result
from ostler.ocpp.base import Request, Response, Word
from ostler.quirks import Quirks
from ostler.services import places

R = TypeVar("R", bound=Response)
T = TypeVar("T", bound=msgspec.Struct)

RESULTS = {
    "Accepted": Result.ACCEPTED,
    "AcceptedCanceled": Result.ACCEPTED,
    "Scheduled": Result.SCHEDULED,
    "RebootRequired": Result.SCHEDULED,
    "NotSupported": Result.NOT_SUPPORTED,
    "NotImplemented": Result.NOT_SUPPORTED,
}
"""What the words of stations come to; every other word is a refusal."""
UNKNOWN_TO_STATION = frozenset({"NotImplemented", "NotSupported"})
"""CALLERROR codes of a station that does not know the message."""


async def ask(station: Caller, request: Request[R], *, timeout_s: float | None = None) -> R:
    """Send `request` and give the answer.

    Raises `CallFailed`: with ERROR, before anything is sent, when the request breaks the schema; with
    NOT_SUPPORTED when the station does not know the message; else as the connection says.
    """
    try:
        msgspec.json.decode(msgspec.json.encode(request), type=type(request))
    except msgspec.ValidationError as error:
        raise CallFailed(Result.ERROR, f"OCPP 1.6 cannot say this in {request.action}: {error}") from error
    try:
        return await station.call(request, timeout_s=timeout_s)
    except CallFailed as failed:
        if failed.code not in UNKNOWN_TO_STATION or failed.outcome is Result.NOT_SUPPORTED:
            raise
        detail = f"The station does not know {request.action}."
        raise CallFailed(Result.NOT_SUPPORTED, detail, failed.code) from failed


async def quirks_of(station: Caller) -> Quirks:
    """What is known of the station's model."""
    return quirks.find(*await station.store.read(places.station, station.pk))


def read(payload: Mapping[str, Any], kind: type[T], *, what: str) -> T:
    """A part of a request that a person wrote in OCPP's words; raises `CallFailed` naming the field that is
    wrong.
    """
    try:
        return msgspec.convert(payload, kind)
    except msgspec.ValidationError as error:
        raise CallFailed(Result.ERROR, f"This is no {what} of OCPP 1.6: {error}") from error


def outcome(status: Word, sentences: Mapping[str, str], *, data: Any = None) -> CommandResult:
    """The result that a station's `status` comes to, with the sentence for it."""
    result = RESULTS.get(status.value, Result.REJECTED)
    sentence = sentences.get(status.value, f"The station answered {status.value}.")
    return CommandResult(result=result, detail=sentence, data=data)


def failed(detail: str) -> CommandResult:
    """The order makes no sense as it is; nothing was sent."""
    return CommandResult(result=Result.ERROR, detail=detail)


def number(connector: int | None, evse: int | None) -> int:
    """The connector that an order means: EVSE n is 1.6 connector n; 0 is the whole station.

    Raises `CallFailed` at a negative one.
    """
    meant = evse or connector or 0
    if meant < 0:
        raise CallFailed(Result.ERROR, "Connectors are numbered from 1; 0 is the whole station.")
    return meant
