"""WebSocket frames without I/O (RFC 6455 §5), for both ends of a connection.

`FrameReader.feed` takes what the socket delivered and returns what happened; the encoders return
bytes to write. Nothing here answers by itself: the caller writes pongs and close frames.
"""

from __future__ import annotations

import os
from typing import Final

from ostler.ocpp.deflate import Deflate, InflatedTooLargeError, InflateError, negotiate
from ostler.ocpp.masking import masked
from ostler.ocpp.websocket_events import (
    ABNORMAL,
    INVALID_DATA,
    NO_STATUS,
    PROTOCOL_ERROR,
    TOO_BIG,
    Binary,
    Close,
    Event,
    Failed,
    Ping,
    Pong,
    Role,
    Text,
    may_travel,
)

__all__ = [
    "ABNORMAL",
    "DEFAULT_MAX_MESSAGE_BYTES",
    "INVALID_DATA",
    "NO_STATUS",
    "PROTOCOL_ERROR",
    "TOO_BIG",
    "Binary",
    "Close",
    "Deflate",
    "Event",
    "Failed",
    "FrameReader",
    "Ping",
    "Pong",
    "Role",
    "Text",
    "close_frame",
    "negotiate",
    "ping_frame",
    "pong_frame",
    "text_frame",
]

DEFAULT_MAX_MESSAGE_BYTES: Final = 262_144

_FIN: Final = 0x80
_RSV1: Final = 0x40
_RSV2_RSV3: Final = 0x30
_MASKED: Final = 0x80
_OPCODE_BITS: Final = 0x0F

_LARGEST_CONTROL: Final = 125
_LENGTH_16: Final = 126
_LENGTH_64: Final = 127
# Smaller messages gain little alone, without a window to refer to, and starting a compressor costs 4 us.
_SMALLEST_DEFLATED: Final = 256
# What arrives in one piece may unpack to so many of the largest messages: 300 bytes can become 256 KiB.
_MOST_UNPACKED: Final = 16


class _Opcode:
    """RFC 6455 §5.2; plain numbers, since an enum would cost time on every frame."""

    CONTINUATION: Final = 0x0
    TEXT: Final = 0x1
    BINARY: Final = 0x2
    CLOSE: Final = 0x8
    PING: Final = 0x9
    PONG: Final = 0xA


_FINAL_TEXT: Final = _FIN | _Opcode.TEXT


class _ViolationError(Exception):
    """The other side broke the protocol."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class FrameReader:
    """Cuts a byte stream into events; holds no buffer while no frame or message is unfinished.

    After `Close` or `Failed` everything further is ignored. `max_message_bytes` bounds a message as it
    travels and as it unpacks; a larger one fails with 1009 as soon as a header announces it.
    `bare_frames` counts those that completed no message: control frames and fragments; set it to 0 at will.
    """

    __slots__ = (
        "_buffer",
        "_deflate",
        "_ended",
        "_key_bytes",
        "_mask_bit",
        "_max_bytes",
        "_message",
        "_message_head",
        "_needed",
        "_unpacked",
        "bare_frames",
    )

    def __init__(
        self,
        role: Role,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
        deflate: Deflate | None = None,
    ) -> None:
        """`deflate` is what `negotiate` returned for this connection."""
        self._mask_bit = _MASKED if role is Role.SERVER else 0
        self._key_bytes = 4 if role is Role.SERVER else 0
        self._max_bytes = max_message_bytes
        self._deflate = deflate
        self._buffer: bytearray | None = None  # the beginning of an unfinished frame
        self._needed = 0  # bytes the buffer must hold before another look at it is worth while
        self._message: bytearray | None = None  # the fragments of an unfinished message
        self._message_head = 0  # opcode and RSV1 of that message's first frame
        self._unpacked = 0  # bytes that came out of the piece that is being read
        self._ended = False
        self.bare_frames = 0

    def feed(self, data: bytes) -> list[Event]:
        """Return what `data` completes, in order of arrival."""
        if self._ended:
            return []
        if self._buffer is None:
            if self._message is None:
                # Nearly always a segment is exactly one text frame: it costs a third of the long way.
                text = self._only_text(data)
                if text is not None:
                    return [Text(text)]
            return self._read(data)
        self._buffer += data
        if len(self._buffer) < self._needed:
            return []
        data = bytes(self._buffer)
        self._buffer = None
        return self._read(data)

    def eof(self) -> Failed | None:
        """The stream has ended: return what that means, None when `Close` or `Failed` came before."""
        if self._ended:
            return None
        unfinished = self._buffer is not None or self._message is not None
        self._end()
        where = "inside a message" if unfinished else "without a close frame"
        return Failed(ABNORMAL, f"the connection ended {where}")

    def _end(self) -> None:
        self._ended = True
        self._buffer = self._message = None

    def _only_text(self, data: bytes) -> bytes | None:
        """Return the payload when `data` is one whole text frame of less than 64 KiB, else None."""
        size = len(data)
        if size < 8 or data[0] != _FINAL_TEXT:
            return None
        length = data[1] ^ self._mask_bit  # above 127 when the mask bit is wrong
        start = 2 + self._key_bytes
        if length == _LENGTH_16:
            length = data[2] << 8 | data[3]
            start += 2
        elif length > _LENGTH_16:
            return None
        if start + length != size or length > self._max_bytes:
            return None
        payload = data[start:]
        return masked(payload, data[start - 4 : start]) if self._key_bytes else payload

    def _read(self, data: bytes) -> list[Event]:
        events: list[Event] = []
        position = self._unpacked = 0
        try:
            while position < len(data) and not self._ended:
                start, end = self._bounds(data, position)
                if end > len(data):
                    self._needed = end - position
                    self._buffer = bytearray(data[position:])
                    break
                payload = data[start:end]
                if self._key_bytes:
                    payload = masked(payload, data[start - 4 : start])
                event = self._frame(data[position], payload)
                if event is not None:
                    events.append(event)
                if event is None or data[position] & _OPCODE_BITS >= _Opcode.CLOSE:
                    self.bare_frames += 1
                position = end
        except _ViolationError as violation:
            self._end()
            events.append(Failed(violation.code, violation.reason))
        return events

    def _bounds(self, data: bytes, position: int) -> tuple[int, int]:
        """Return where the payload of the frame at `position` starts and ends.

        The end lies past `data` while header or payload is incomplete.
        """
        size = len(data) - position
        if size < 2:
            return position, position + 2
        length = data[position + 1] & ~_MASKED
        self._check(data[position], data[position + 1], length)
        length_bytes = 2 if length == _LENGTH_16 else 8 if length == _LENGTH_64 else 0
        start = position + 2 + length_bytes + self._key_bytes
        if start > len(data):
            return position, start
        if length_bytes:
            length = int.from_bytes(data[position + 2 : position + 2 + length_bytes], "big")
        gathered = len(self._message) if self._message is not None else 0
        if data[position] & _OPCODE_BITS < _Opcode.CLOSE and gathered + length > self._max_bytes:
            raise _ViolationError(TOO_BIG, f"a message is larger than {self._max_bytes} bytes")
        return start, start + length

    def _check(self, first: int, second: int, length: int) -> None:
        """Check the first two bytes of a frame (RFC 6455 §5.2, §5.4, §5.5)."""
        opcode = first & _OPCODE_BITS
        if first & _RSV2_RSV3 or (
            first & _RSV1 and (self._deflate is None or opcode not in {_Opcode.TEXT, _Opcode.BINARY})
        ):
            raise _ViolationError(PROTOCOL_ERROR, "a reserved bit is set that was not agreed on")
        if second & _MASKED != self._mask_bit:
            wrong = "a frame is not masked" if self._mask_bit else "a frame is masked"
            raise _ViolationError(PROTOCOL_ERROR, wrong)
        match opcode:
            case _Opcode.CLOSE | _Opcode.PING | _Opcode.PONG:
                if not first & _FIN or length > _LARGEST_CONTROL:
                    raise _ViolationError(PROTOCOL_ERROR, "a control frame is fragmented or too long")
            case _Opcode.CONTINUATION:
                if self._message is None:
                    raise _ViolationError(PROTOCOL_ERROR, "a continuation frame continues nothing")
            case _Opcode.TEXT | _Opcode.BINARY:
                if self._message is not None:
                    raise _ViolationError(PROTOCOL_ERROR, "a message starts inside another")
            case _:
                raise _ViolationError(PROTOCOL_ERROR, f"opcode {opcode} is unknown")

    def _frame(self, first: int, payload: bytes) -> Event | None:
        match first & _OPCODE_BITS:
            case _Opcode.PING:
                return Ping(payload)
            case _Opcode.PONG:
                return Pong(payload)
            case _Opcode.CLOSE:
                self._end()
                return _close_event(payload)
            case _:
                return self._data(first, payload)

    def _data(self, first: int, payload: bytes) -> Event | None:
        """Return the message that this frame completes, if it does (RFC 6455 §5.4)."""
        if self._message is None:
            if first & _FIN:
                return self._whole(first, payload)
            self._message = bytearray(payload)
            self._message_head = first
            return None
        self._message += payload
        if not first & _FIN:
            return None
        payload = bytes(self._message)
        self._message = None
        return self._whole(self._message_head, payload)

    def _whole(self, head: int, payload: bytes) -> Event:
        """Return a message given the first byte of its first frame."""
        if head & _RSV1 and self._deflate is not None:
            payload = self._unpack(self._deflate, payload)
        return Text(payload) if head & _OPCODE_BITS == _Opcode.TEXT else Binary(payload)

    def _unpack(self, deflate: Deflate, payload: bytes) -> bytes:
        try:
            message = deflate.decompress(payload, self._max_bytes)
        except InflateError as error:
            raise _ViolationError(INVALID_DATA, "a compressed message cannot be read") from error
        except InflatedTooLargeError as error:
            reason = f"a message unpacks to more than {self._max_bytes} bytes"
            raise _ViolationError(TOO_BIG, reason) from error
        self._unpacked += len(message)
        if self._unpacked > _MOST_UNPACKED * self._max_bytes:
            raise _ViolationError(TOO_BIG, "messages that came together unpack to too many bytes")
        return message


def text_frame(payload: bytes, *, mask: bool = False, deflate: Deflate | None = None) -> bytes:
    """Return one text frame; a client must mask. With `deflate` long messages are compressed."""
    if deflate is not None and len(payload) >= _SMALLEST_DEFLATED:
        return _encode(_FINAL_TEXT | _RSV1, deflate.compress(payload), mask=mask)
    return _encode(_FINAL_TEXT, payload, mask=mask)


def ping_frame(payload: bytes = b"", *, mask: bool = False) -> bytes:
    """Return a ping of at most 125 bytes; raises `ValueError` for more."""
    return _encode_control(_Opcode.PING, payload, mask=mask)


def pong_frame(payload: bytes = b"", *, mask: bool = False) -> bytes:
    """Return a pong of at most 125 bytes; raises `ValueError` for more."""
    return _encode_control(_Opcode.PONG, payload, mask=mask)


def close_frame(code: int = 1000, reason: str = "", *, mask: bool = False) -> bytes:
    """Return a close frame; a long reason is cut, `NO_STATUS` sends neither code nor reason.

    Raises `ValueError` for a code that must not travel (RFC 6455 §7.4).
    """
    if code == NO_STATUS:
        return _encode_control(_Opcode.CLOSE, b"", mask=mask)
    if not may_travel(code):
        raise ValueError(f"close code {code} must not be sent")
    text = reason.encode()[: _LARGEST_CONTROL - 2].decode(errors="ignore").encode()
    return _encode_control(_Opcode.CLOSE, code.to_bytes(2, "big") + text, mask=mask)


def _encode_control(opcode: int, payload: bytes, *, mask: bool) -> bytes:
    if len(payload) > _LARGEST_CONTROL:
        raise ValueError(f"a control frame carries at most {_LARGEST_CONTROL} bytes, not {len(payload)}")
    return _encode(_FIN | opcode, payload, mask=mask)


def _encode(first: int, payload: bytes, *, mask: bool) -> bytes:
    length = len(payload)
    mask_bit = _MASKED if mask else 0
    if length < _LENGTH_16:
        head = bytes((first, mask_bit | length))
    elif length < 0x10000:
        head = bytes((first, mask_bit | _LENGTH_16, length >> 8, length & 0xFF))
    else:
        head = bytes((first, mask_bit | _LENGTH_64)) + length.to_bytes(8, "big")
    if not mask:
        return head + payload
    key = os.urandom(4)
    return head + key + masked(payload, key)


def _close_event(payload: bytes) -> Close:
    if not payload:
        return Close(NO_STATUS, "")
    code = int.from_bytes(payload[:2], "big")
    if len(payload) < 2 or not may_travel(code):
        raise _ViolationError(PROTOCOL_ERROR, "a close frame has no valid code")
    try:
        return Close(code, payload[2:].decode())
    except UnicodeDecodeError as error:
        raise _ViolationError(INVALID_DATA, "the reason in a close frame is not UTF-8") from error
