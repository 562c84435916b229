"""One end of an OCPP-J connection without I/O: bytes in, events out; calls in, bytes out.

The same class serves the central system and the station. Time is handed in as seconds of any steady clock.
What is to be written comes from `take`; answers are encoded by the functions of `frames`, in any thread.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ostler.ocpp import errors, frames, lenient, rough, v16, v21, v201
from ostler.ocpp.base import Request, Response, Send, Version
from ostler.ocpp.deviations import Deviation, Rule
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.events import (
    Answered,
    CallEnded,
    CallReceived,
    CallRefused,
    Cancelled,
    Event,
    Failed,
    FrameIgnored,
    SendReceived,
    TimedOut,
)
from ostler.ocpp.frames import (
    CallFrame,
    ErrorFrame,
    Ignored,
    Malformed,
    MessageType,
    ResultErrorFrame,
    ResultFrame,
    SendFrame,
)

REQUESTS: Final[Mapping[Version, Mapping[str, type[Request[Any]]]]] = {
    Version.V16: v16.REQUESTS,
    Version.V201: v201.REQUESTS,
    Version.V21: v21.REQUESTS,
}
SENDS: Final[Mapping[Version, Mapping[str, type[Send]]]] = {
    Version.V16: v16.SENDS,
    Version.V201: v201.SENDS,
    Version.V21: v21.SENDS,
}

_Deviations = tuple[Deviation, ...]


class QueueFullError(Exception):
    """Too many calls wait for their turn on this connection."""


class _Call:
    """A call of ours that waits for its turn or for its answer."""

    __slots__ = ("deadline", "id", "key", "request", "timeout_s")

    def __init__(self, id_: str, request: Request[Any], key: object, timeout_s: float) -> None:
        self.id = id_
        self.request = request
        self.key = key
        self.timeout_s = timeout_s
        self.deadline = 0.0


class Peer:
    """One end of a connection. Not for use by several threads.

    At most one CALL of ours is open at a time (OCPP-J 1.6 §4.1.1); up to `max_queue` more wait.
    A call's time-out runs from the moment at which it is handed to `take`, not from its place in the queue.
    `strict` may be switched at any time.
    """

    __slots__ = (
        "_calls",
        "_made",
        "_max_queue",
        "_open",
        "_out",
        "_prefix",
        "_requests",
        "_timeout_s",
        "strict",
        "version",
    )

    def __init__(
        self,
        version: Version,
        *,
        strict: bool = False,
        call_timeout_s: float = 30.0,
        max_queue: int = 64,
        id_prefix: str | None = None,
    ) -> None:
        self.version = version
        self._requests = REQUESTS[version]
        self.strict = strict
        self._timeout_s = call_timeout_s
        self._max_queue = max_queue
        # An answer that a station kept over a reconnect must not meet a call of the new connection.
        self._prefix = secrets.token_hex(3) if id_prefix is None else id_prefix
        self._made = 0
        self._calls: list[_Call] = []
        self._open: _Call | None = None
        self._out: list[bytes] = []

    @property
    def deadline(self) -> float | None:
        """When `tick` is due, None while no call is open."""
        return None if self._open is None else self._open.deadline

    def receive(self, data: bytes | str, now: float) -> Sequence[Event]:
        """Take one text (or binary) message of the WebSocket; never raises, whatever it holds."""
        if isinstance(data, str):
            data = data.encode("utf-8", "replace")
        frame = frames.parse(data)
        match frame:
            case CallFrame():
                return (self._called(frame),)
            case ResultFrame():
                return (self._answered(frame, data, now),)
            case ErrorFrame():
                return (self._failed(frame, data, now),)
            case SendFrame() | ResultErrorFrame() if self.version is Version.V21:
                return (self._sent(frame, data),)
            case SendFrame() | ResultErrorFrame():
                return (self._unknown_type(frame.id, data),)
            case Malformed():
                return (self._malformed(frame, data, now),)
            case Ignored():
                return (FrameIgnored(frame.reason, data),)

    def call(self, request: Request[Any], now: float, *, key: object, timeout_s: float | None = None) -> None:
        """Queue a call whose end will be told as `CallEnded(key, ...)`; raises `QueueFullError`."""
        if len(self._calls) >= self._max_queue:
            raise QueueFullError(f"{self._max_queue} calls wait already.")
        self._calls.append(
            _Call(self._new_id(), request, key, self._timeout_s if timeout_s is None else timeout_s)
        )
        self._next(now)

    def send(self, message: Send) -> None:
        """Hand a SEND to `take`; nothing will be told of it (OCPP 2.1)."""
        self._out.append(frames.encode_send(self._new_id(), message))

    def take(self) -> bytes | None:
        """Return the next frame to write now, or None; ask until it is None."""
        return self._out.pop(0) if self._out else None

    def tick(self, now: float) -> Sequence[Event]:
        """End the open call if its time is over."""
        call = self._open
        if call is None or now < call.deadline:
            return ()
        return (self._end(call, TimedOut(), now),)

    def close(self, reason: str) -> Sequence[Event]:
        """End the open call and all that wait: the connection is gone."""
        calls = self._calls if self._open is None else [self._open, *self._calls]
        self._open = None
        self._calls = []
        self._out.clear()
        outcome = Cancelled(reason)
        return [CallEnded(call.key, outcome) for call in calls]

    def answer(self, id_: str, response: Response) -> bytes:
        """Return the CALLRESULT for the CALL with this id; safe in any thread."""
        return frames.encode_result(id_, response)

    def refuse(self, id_: str, error: OcppError) -> bytes:
        """Return the CALLERROR for the CALL with this id; safe in any thread."""
        return frames.encode_error(id_, error, self.version)

    def _new_id(self) -> str:
        self._made += 1
        return f"{self._prefix}-{self._made}"

    def _next(self, now: float) -> None:
        """Open the next call if none is open."""
        if self._open is None and self._calls:
            call = self._open = self._calls.pop(0)
            call.deadline = now + call.timeout_s
            self._out.append(frames.encode_call(call.id, call.request))

    def _end(self, call: _Call, outcome: Answered | Failed | TimedOut, now: float) -> CallEnded:
        self._open = None
        self._next(now)
        return CallEnded(call.key, outcome)

    def _called(self, frame: CallFrame) -> Event:
        raw = bytes(frame.payload)
        deviations = frame.deviations
        try:
            kind = self._requests.get(frame.action)
            if kind is None or deviations:
                kind, deviations = self._meant(frame)
            decoded = lenient.decode(raw, kind, strict=self.strict)
        except OcppError as error:
            return CallRefused(frame.id, frame.action, raw, self.refuse(frame.id, error), error)
        if decoded.deviations:
            deviations += decoded.deviations
            raw = rough.readable(raw)
        return CallReceived(frame.id, kind.action, decoded.message, raw, deviations)

    def _meant(self, frame: CallFrame) -> tuple[type[Request[Any]], _Deviations]:
        """Return the request of a frame that deviates, or whose action differs from the right one in case."""
        deviations = frame.deviations
        if deviations and self.strict:
            raise OcppError(ErrorCode.FORMAT_VIOLATION, f"The frame breaks the rule '{deviations[0].rule}'.")
        if frame.action in self._requests:
            return self._requests[frame.action], deviations
        wanted = frame.action.strip().casefold()
        for action, kind in self._requests.items():
            if action.casefold() == wanted and not self.strict:
                return kind, (*deviations, Deviation("[2]", Rule.MISSPELT_WORD, frame.action[:100]))
        raise OcppError(ErrorCode.NOT_IMPLEMENTED, f"There is no action '{frame.action[:100]}'.")

    def _answered(self, frame: ResultFrame, data: bytes, now: float) -> Event:
        call = self._open
        if call is None or frame.id != call.id:
            return FrameIgnored("CALLRESULT for no open call", data)
        raw = bytes(frame.payload)
        try:
            decoded = lenient.decode(raw, call.request.response_type, strict=self.strict)
        except OcppError as error:
            if self.version is Version.V21:
                self._out.append(frames.encode_result_error(call.id, error))
            outcome = Failed(error.code, error.description, error.details, raw, refused=False)
            return self._end(call, outcome, now)
        deviations = frame.deviations + decoded.deviations
        return self._end(call, Answered(decoded.message, rough.readable(raw), deviations), now)

    def _failed(self, frame: ErrorFrame, data: bytes, now: float) -> Event:
        call = self._open
        if call is None or frame.id != call.id:
            return FrameIgnored("CALLERROR for no open call", data)
        outcome = Failed(errors.read(frame.code), frame.description, frame.details, data)
        return self._end(call, outcome, now)

    def _sent(self, frame: SendFrame | ResultErrorFrame, data: bytes) -> Event:
        if isinstance(frame, ResultErrorFrame):
            return FrameIgnored(f"our answer was not understood: {frame.code} {frame.description}", data)
        kind = SENDS[self.version].get(frame.action)
        if kind is None:
            return FrameIgnored("SEND of an unknown action", data)
        raw = bytes(frame.payload)
        try:
            decoded = lenient.decode(raw, kind, strict=self.strict)
        except OcppError as error:
            return FrameIgnored(f"SEND refused: {error}", data)
        deviations = frame.deviations + decoded.deviations
        return SendReceived(frame.id, decoded.message, rough.readable(raw), deviations)

    def _malformed(self, frame: Malformed, data: bytes, now: float) -> Event:
        call = self._open
        if frame.type_id in (MessageType.CALLRESULT, MessageType.CALLERROR):
            if call is None or frame.id != call.id:
                return FrameIgnored(f"unreadable answer: {frame.description}", data)
            outcome = Failed(frame.code, frame.description, {}, data, refused=False)
            return self._end(call, outcome, now)
        if frame.type_id in (MessageType.CALLRESULTERROR, MessageType.SEND) and self.version is Version.V21:
            return FrameIgnored(frame.description, data)
        if frame.type_id is not None and frame.type_id != MessageType.CALL:
            return self._unknown_type(frame.id, data)
        if self.version is Version.V16 and (frame.id is None or frame.type_id is None):
            return FrameIgnored(frame.description, data)
        return self._refused(frame.id, frame.code, frame.description, data)

    def _unknown_type(self, id_: str | None, data: bytes) -> Event:
        """OCPP-J 1.6 §4.2: a message of an unknown type is ignored; later versions have a code for it."""
        if self.version is Version.V16:
            return FrameIgnored("unknown message type", data)
        return self._refused(id_, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, "unknown message type", data)

    def _refused(self, id_: str | None, code: ErrorCode, description: str, data: bytes) -> CallRefused:
        error = OcppError(code, description)
        known = frames.UNREADABLE_ID if id_ is None else id_
        return CallRefused(known, "", data, self.refuse(known, error), error)
