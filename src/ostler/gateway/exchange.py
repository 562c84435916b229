"""One question of a station on its way to its answer, and how messages are written to the log."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import msgspec

from ostler.dialects.base import Answer, Inbound
from ostler.ocpp import errors, frames
from ostler.ocpp.base import Version
from ostler.ocpp.deviations import Deviation
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.events import CallReceived
from ostler.services import masking, presence
from ostler.store.database import Db, LogRow

ACCEPTED: Final = "Accepted"
INTERNAL_ERROR: Final = OcppError(ErrorCode.INTERNAL_ERROR, "The message could not be stored; send it again.")
NOT_REGISTERED: Final = OcppError(
    ErrorCode.SECURITY_ERROR, "Send a BootNotification and wait until it is accepted."
)


class Asked(Protocol):
    """The connection that a question came on."""

    station: str
    pk: int
    epoch: int
    version: Version

    def answered(self, exchange: Exchange, frame: bytes | None, error: BaseException | None) -> None:
        """The question is dealt with and the answer durable, or `error` says why not."""


class Exchange:
    """A CALL of a station. `run` belongs to the writer's thread, everything else to the event loop.

    `gated`: the station was not registered when the message came, so it is looked up whether it is by now;
    `boots`: whether it is registered afterwards is kept in `registration`. `careful`: as in `Dialect`.
    """

    __slots__ = (
        "answer",
        "boots",
        "call",
        "careful",
        "connection",
        "gated",
        "outcome",
        "registration",
        "wall",
    )

    def __init__(
        self,
        connection: Asked,
        call: CallReceived,
        answer: Answer,
        *,
        gated: bool,
        boots: bool,
        careful: bool = False,
    ) -> None:
        self.connection = connection
        self.call = call
        self.answer = answer
        self.gated = gated
        self.boots = boots
        self.careful = careful
        self.registration: str | None = None
        self.outcome = ""
        self.wall = time.time()

    def run(self, db: Db) -> bytes:
        """Answer and log, in one transaction; may be run again."""
        connection, call = self.connection, self.call
        at_ms = int(self.wall * 1000)
        inbound: Inbound[Any] = Inbound(
            station=connection.station,
            pk=connection.pk,
            epoch=connection.epoch,
            received_at=datetime.fromtimestamp(at_ms / 1000, UTC),
            request=call.request,
            deviations=len(call.deviations),
        )
        if not self.careful:
            db.settle(connection.pk)
        error_code = ""
        try:
            if self.gated and presence.registration(db, connection.pk) != ACCEPTED:
                raise NOT_REGISTERED
            frame = frames.encode_result(call.id, self.answer(db, inbound))
        except OcppError as error:
            frame = frames.encode_error(call.id, error, connection.version)
            error_code = errors.spelled(error.code, connection.version)
        if not self.careful:
            db.memory.pop(connection.pk, None)
        if self.boots:
            self.registration = presence.registration(db, connection.pk)
        self.outcome = "error" if error_code else "answered"
        db.log_rows.append(self._row(inbound, at_ms, frame, error_code))
        return frame

    def _row(self, inbound: Inbound[Any], at_ms: int, frame: bytes, error_code: str) -> LogRow:
        call = self.call
        return LogRow(
            station=inbound.station,
            epoch=inbound.epoch,
            direction="in",
            action=call.action,
            message_id=call.id,
            at_ms=at_ms,
            latency_us=int((time.time() - self.wall) * 1_000_000),
            outcome=self.outcome,
            error_code=error_code,
            request=masking.mask(call.action, call.raw.decode("utf-8", "replace")),
            response=masking.mask(call.action, _tail(call.id, frame)),
            deviations=deviations_text(call.deviations) if call.deviations else None,
            connector=inbound.connector,
            transaction=inbound.transaction,
        )

    def done(self, frame: bytes | None, error: BaseException | None) -> None:
        """The commit is through, or failed."""
        self.connection.answered(self, frame, error)


def _tail(id_: str, frame: bytes) -> str:
    """Return what follows the id in an answer of ours: the payload, or the error's three parts."""
    if frame[1:2] == b"3":
        return frame[frame.index(b"{", len(id_) + 4) : -1].decode()
    return "[" + frame[len(id_) + 6 :].decode()


def deviations_text(deviations: tuple[Deviation, ...]) -> str:
    """Return deviations as the log keeps them."""
    return msgspec.json.encode(deviations).decode()


def refused_row(
    connection: Asked,
    error: OcppError,
    raw: bytes,
    *,
    action: str,
    id_: str,
    deviations: tuple[Deviation, ...] = (),
) -> LogRow:
    """Return the log's row of a message that nobody dealt with; `action` is empty where it is unreadable."""
    text = raw.decode("utf-8", "replace")
    return LogRow(
        station=connection.station,
        epoch=connection.epoch,
        direction="in",
        action=action[: masking.LONGEST_WORD],
        message_id=id_,
        at_ms=int(time.time() * 1000),
        latency_us=None,
        outcome="error" if action else "malformed",
        error_code=errors.spelled(error.code, connection.version),
        request=masking.mask(action, text) if action else masking.mask_text(text),
        response=error.description,
        deviations=deviations_text(deviations) if deviations else None,
    )


def ignored_row(connection: Asked, raw: bytes, reason: str) -> LogRow:
    """Return the log's row of something that changes nothing."""
    return LogRow(
        station=connection.station,
        epoch=connection.epoch,
        direction="in",
        action="",
        message_id="",
        at_ms=int(time.time() * 1000),
        latency_us=None,
        outcome="ignored",
        request=masking.mask_text(raw[: masking.LONGEST_FREE_TEXT].decode("utf-8", "replace")),
        response=reason,
    )


def log_only(db: Db, row: LogRow) -> None:
    """Log a message that changes nothing."""
    db.log_rows.append(row)
