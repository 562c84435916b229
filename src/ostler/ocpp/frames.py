"""The frames of OCPP-J: one text of the WebSocket read as a frame, and frames written.

Reading never raises: what is no frame is `Malformed` or `Ignored`.
"""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Raw

from ostler.ocpp import errors, rough
from ostler.ocpp.base import Message, Request, Response, Send, Version
from ostler.ocpp.deviations import Deviation, Notes, Rule
from ostler.ocpp.errors import ErrorCode, OcppError

MAX_ID: Final = 36
MAX_ECHOED_ID: Final = 255
UNREADABLE_ID: Final = "-1"
"""Stands in a CALLERROR for the id of a message that could not be read (OCPP-J 2.0.1 §4.2.3)."""


class MessageType(IntEnum):
    """The first element of a frame."""

    CALL = 2
    CALLRESULT = 3
    CALLERROR = 4
    CALLRESULTERROR = 5
    SEND = 6


class NumberId(str):
    """A message id that came as a number; it is written back as one."""

    __slots__ = ()


Id = Annotated[str, Meta(max_length=MAX_ID)]
# Last in each frame and filled by hand only: nothing but an empty array fits here on the wire.
Deviations = Annotated[tuple[Deviation, ...], Meta(max_length=0)]


class _Frame(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What all frames have; the JSON array [type, id, ...] is decoded straight into its subclass."""

    id: Id


class CallFrame(_Frame, frozen=True, array_like=True, tag=2):
    """[2, id, action, payload]."""

    action: str
    payload: Raw
    deviations: Deviations = ()


class ResultFrame(_Frame, frozen=True, array_like=True, tag=3):
    """[3, id, payload]."""

    payload: Raw
    deviations: Deviations = ()


class ErrorFrame(_Frame, frozen=True, array_like=True, tag=4):
    """[4, id, code, description, details]."""

    code: str
    description: str
    details: dict[str, Any]
    deviations: Deviations = ()


class ResultErrorFrame(_Frame, frozen=True, array_like=True, tag=5):
    """[5, id, code, description, details]: the other side cannot read our answer (OCPP 2.1)."""

    code: str
    description: str
    details: dict[str, Any]
    deviations: Deviations = ()


class SendFrame(_Frame, frozen=True, array_like=True, tag=6):
    """[6, id, action, payload]: wants no answer (OCPP 2.1)."""

    action: str
    payload: Raw
    deviations: Deviations = ()


class Malformed(msgspec.Struct, frozen=True):
    """Something that is no frame; `id` and `type_id` as far as they can be found."""

    id: str | None
    type_id: int | None
    code: ErrorCode
    description: str


class Ignored(msgspec.Struct, frozen=True):
    """Nothing to read and nothing to answer."""

    reason: str


Frame = CallFrame | ResultFrame | ErrorFrame | ResultErrorFrame | SendFrame
_ERRORS: Final = (ErrorFrame, ResultErrorFrame)
_KINDS: Final[dict[int, type[Any]]] = {
    2: CallFrame,
    3: ResultFrame,
    4: ErrorFrame,
    5: ResultErrorFrame,
    6: SendFrame,
}

_decode = msgspec.json.Decoder(Frame).decode
_encode = msgspec.json.Encoder().encode
_HEAD = re.compile(
    rb'\s*\[\s*"?(\d{1,9})"?\s*(?:[,\]]|\Z)'
    rb'(?:\s*(?:"((?:[^"\\]|\\.)*+)"\s*(?:[,\]]|\Z)|(-?\d{1,36})\s*[,\]]))?'
)
# Some stations refuse microseconds; msgspec writes six digits wherever there is a fraction.
_FRACTION = re.compile(rb'(?<=T\d\d:\d\d:\d\d)\.(\d{3})\d{3}(?=(?:Z|[+-]\d\d:\d\d)")')


def parse(data: bytes) -> Frame | Malformed | Ignored:
    """Return the frame that `data` is; what had to be mended stands in its `deviations`."""
    try:
        frame: Frame = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _parse_roughly(data)
    # Its details may be any JSON; payloads are still unread.
    if isinstance(frame, _ERRORS) and rough.too_deep(data):
        return _parse_roughly(data)
    return frame


def _parse_roughly(data: bytes) -> Frame | Malformed | Ignored:
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return Ignored("empty")
    try:
        value, flawless = rough.parse(data)
    except ValueError as error:
        return _unreadable(data, str(error))
    clean = rough.all_storable(value)
    notes = Notes()
    if not flawless:
        notes.add("", Rule.NOT_JSON, data[:100].decode("utf-8", "replace"))
    if clean != value:
        notes.add("", Rule.UNSTORABLE_TEXT, value)
    if not isinstance(clean, list):
        return Malformed(None, None, ErrorCode.FORMAT_VIOLATION, "The message is not a JSON array.")
    return _frame(clean, notes)


def _unreadable(data: bytes, reason: str) -> Malformed:
    """Return what can still be told of text that is not JSON: stations cut messages off in the middle."""
    head = _HEAD.match(data.removeprefix(b"\xef\xbb\xbf"))
    type_id = None if head is None else int(head[1])
    text = b"" if head is None else head[2] or head[3] or b""
    if head is None or not 0 < len(text) <= MAX_ECHOED_ID:
        return Malformed(None, type_id, ErrorCode.FORMAT_VIOLATION, reason)
    id_ = rough.storable(text.decode("utf-8", "replace"))
    if head[3] is not None:
        id_ = NumberId(id_)
    return Malformed(id_, type_id, ErrorCode.FORMAT_VIOLATION, reason)


def _frame(parts: list[Any], notes: Notes) -> Frame | Malformed:
    type_id = _type_id(parts[0], notes) if parts else None
    id_ = _id(parts[1], notes) if len(parts) > 1 else None
    if type_id is None or id_ is None:
        what = "type" if type_id is None else "id"
        return Malformed(id_, type_id, ErrorCode.FORMAT_VIOLATION, f"The message has no usable {what}.")
    kind = _KINDS.get(type_id)
    if kind is None:
        return Malformed(
            id_, type_id, ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED, f"There is no message type {type_id}."
        )
    body = parts[2:]
    if kind is ResultFrame:
        return ResultFrame(id_, _payload(body, 0, notes), notes.kept())
    if not body or not isinstance(body[0], str):
        what = "error code" if kind in _ERRORS else "action"
        return Malformed(id_, type_id, ErrorCode.FORMAT_VIOLATION, f"The message has no {what}.")
    if kind is CallFrame or kind is SendFrame:
        payload = _payload(body, 1, notes)
        made: Frame = kind(id_, body[0], payload, notes.kept())
        return made
    return _error(kind, id_, body, notes)


def _error(kind: type[Any], id_: str, body: list[Any], notes: Notes) -> Frame:
    if len(body) != 3 or not isinstance(body[1], str) or not isinstance(body[2], dict):
        notes.add("", Rule.FRAME, body)
    description = body[1] if len(body) > 1 and isinstance(body[1], str) else ""
    details = body[2] if len(body) > 2 and isinstance(body[2], dict) else {}
    made: Frame = kind(id_, body[0], description, details, notes.kept())
    return made


def _type_id(value: Any, notes: Notes) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        notes.add("[0]", Rule.WRONG_TYPE, value)
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _id(value: Any, notes: Notes) -> str | None:
    if isinstance(value, int) and not isinstance(value, bool):
        notes.add("[1]", Rule.MESSAGE_ID, value)
        return NumberId(value)
    if not isinstance(value, str) or len(value) > MAX_ECHOED_ID:
        return None
    if len(value) > MAX_ID:
        notes.add("[1]", Rule.MESSAGE_ID, value)
    return value


def _payload(body: list[Any], index: int, notes: Notes) -> Raw:
    if len(body) != index + 1:
        notes.add("", Rule.FRAME, body)
    return Raw(rough.dump(body[index] if len(body) > index else None))


def _quoted(id_: str) -> bytes:
    return id_.encode() if type(id_) is NumberId else _encode(id_)


def _body(message: Message) -> bytes:
    encoded = _encode(message)
    return _FRACTION.sub(rb".\1", encoded) if b"." in encoded else encoded


def encode_call(id_: str, request: Request[Any]) -> bytes:
    """Return the CALL that carries `request`."""
    return b'[2,%b,"%b",%b]' % (_quoted(id_), request.action.encode(), _body(request))


def encode_result(id_: str, response: Response) -> bytes:
    """Return the CALLRESULT for the CALL with this id; safe in any thread."""
    return b"[3,%b,%b]" % (_quoted(id_), _body(response))


def encode_error(id_: str, error: OcppError, version: Version) -> bytes:
    """Return the CALLERROR in the spelling of `version`; safe in any thread."""
    parts = (errors.spelled(error.code, version), error.description, error.details)
    return b"[4,%b,%b" % (_quoted(id_), _encode(parts)[1:])


def encode_result_error(id_: str, error: OcppError) -> bytes:
    """Return the CALLRESULTERROR for an answer that cannot be read (OCPP 2.1)."""
    parts = (error.code.value, error.description, error.details)
    return b"[5,%b,%b" % (_quoted(id_), _encode(parts)[1:])


def encode_send(id_: str, message: Send) -> bytes:
    """Return the SEND that carries `message` (OCPP 2.1)."""
    return b'[6,%b,"%b",%b]' % (_quoted(id_), message.action.encode(), _body(message))


def validate(message: Message) -> None:
    """Check a struct made by hand against its schema; raises msgspec.ValidationError naming the field."""
    msgspec.json.decode(_encode(message), type=type(message))
