"""A call of ours from the order to its end."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import msgspec

from ostler.dialects.base import CallFailed
from ostler.domain.words import Result
from ostler.gateway.exchange import deviations_text
from ostler.ocpp import errors
from ostler.ocpp.base import Request, Response, Version
from ostler.ocpp.errors import ErrorCode
from ostler.ocpp.events import Answered, Cancelled, Failed, Outcome, TimedOut
from ostler.services import masking
from ostler.store.database import LogRow

_NOT_SUPPORTED = frozenset({ErrorCode.NOT_IMPLEMENTED, ErrorCode.NOT_SUPPORTED})


class Order:
    """`future` ends with the call's outcome; it never raises, but may be cancelled by who waits for it."""

    __slots__ = ("at_ms", "future", "id", "request", "sent_s", "text")

    def __init__(self, request: Request[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.future: asyncio.Future[Outcome] = loop.create_future()
        self.id = ""
        self.text = ""
        self.at_ms = int(time.time() * 1000)
        self.sent_s = 0.0

    def sent(self, frame: bytes) -> None:
        """The call has been written: `frame` is [2,"id","Action",{...}] with an id of ours."""
        head, _, tail = frame.partition(b'","')
        self.id = head[4:].decode()
        self.text = tail[len(self.request.action) + 2 : -1].decode()
        self.at_ms = int(time.time() * 1000)
        self.sent_s = time.monotonic()

    def log_row(self, station: str, epoch: int, version: Version, outcome: Outcome) -> LogRow:
        """Return the call with its end as the log keeps it."""
        error_code = response = ""
        deviations = None
        match outcome:
            case Answered(_, raw, found):
                word = "answered"
                response = raw.decode("utf-8", "replace")
                deviations = deviations_text(found) if found else None
            case Failed(code, description, _, raw):
                word = "error"
                error_code = errors.spelled(code, version)
                response = raw.decode("utf-8", "replace") or description
            case TimedOut():
                word = "timed-out"
            case Cancelled(response):
                word = "cancelled"
        action = self.request.action
        return LogRow(
            station=station,
            epoch=epoch,
            direction="out",
            action=action,
            message_id=self.id,
            at_ms=self.at_ms,
            latency_us=int((time.monotonic() - self.sent_s) * 1_000_000) if self.sent_s else None,
            outcome=word,
            error_code=error_code,
            request=masking.mask(action, self.text),
            response=masking.mask(action, response),
            deviations=deviations,
        )


def response_of(outcome: Outcome, version: Version) -> Response:
    """Return the answer to a call, or raise `CallFailed` with a sentence for people."""
    match outcome:
        case Answered(response=response):
            return response
        case Failed(code=code, description=description, refused=refused):
            spelled = errors.spelled(code, version)
            said = f": {description}" if description else "."
            if not refused:
                raise CallFailed(
                    Result.ERROR, f"The station's answer cannot be read ({spelled}{said}", spelled
                )
            result = Result.NOT_SUPPORTED if code in _NOT_SUPPORTED else Result.ERROR
            raise CallFailed(result, f"The station answered {spelled}{said}", spelled)
        case TimedOut():
            raise CallFailed(Result.TIMED_OUT, "The station did not answer in time.")
        case Cancelled(reason=reason):
            raise CallFailed(Result.OFFLINE, f"The connection ended before the station answered: {reason}.")


def as_raw_result(outcome: Outcome, version: Version) -> dict[str, Any] | None:
    """Return how a raw call ended as REST tells it, None where `response_of` says it all.

    The response is shown as the station sent it, deviations and all.
    """
    match outcome:
        case Answered(raw=raw):
            return {"outcome": "answered", "response": msgspec.json.decode(raw)}
        case Failed(code=code, description=description, details=details, raw=raw, refused=refused):
            return {
                "outcome": "error",
                "code": errors.spelled(code, version),
                "description": description if refused else f"The answer breaks the schema: {description}",
                "details": details if refused else {"response": msgspec.json.decode(raw)},
            }
        case _:
            return None
