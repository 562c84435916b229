"""The HTTP upgrade that opens a WebSocket (RFC 6455 §4), without I/O, for server and client.

Tolerant of what real stations send: no `Connection: Upgrade`, header names in any case, bare line
feeds, no subprotocol, any Origin, a whole URL as the path, a percent-encoded identity.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec

MAX_HEAD_BYTES: Final = 8192
# OCPP-J 2.0.1 §3.1.1, also for 1.6: at most so many characters, and no colon, which ends a user name.
MAX_IDENTITY_CHARACTERS: Final = 48

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_VERSION: Final = "13"
_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_URL_IN_PATH: Final = re.compile(rb"/?wss?://[^/]*", re.IGNORECASE)
_STATUS_LINE: Final = re.compile(r"HTTP/1\.\d (\d{3})(?: |$)")
# int() refuses thousands of digits, and so do we.
_CONTENT_LENGTH: Final = re.compile(r"[0-9]{1,18}")
_PHRASES: Final = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    426: "Upgrade Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class Incomplete(msgspec.Struct, frozen=True):
    """The head has not wholly arrived: call again with more."""


class BadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Not an upgrade that we can serve: write `refuse_response(status, reason, headers)` and close.

    An ordinary HTTP request (a browser, a health check) has status 426.
    """

    status: int
    reason: str
    headers: Mapping[str, str] = {}


class Basic(NamedTuple):
    """HTTP Basic credentials; the password is kept as it came, since stations send raw bytes."""

    user: str
    password: bytes

    def __repr__(self) -> str:
        """Say who, never the password: this ends up in logs."""
        return f"Basic(user={self.user!r})"


class Unreadable(StrEnum):
    """What stands in the place of credentials that cannot be read."""

    MALFORMED = "malformed"


class UpgradeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A station's request to open a WebSocket."""

    method: str
    path: str  # as it came, with query
    prefix: tuple[str, ...]  # the segments before the identity
    identity: str | None  # None when the path names no usable one; `identity_problem` then says why
    identity_problem: str | None
    subprotocols: tuple[str, ...]
    basic: Basic | Unreadable | None
    key: str
    version: str
    extensions: tuple[str, ...]
    headers: Mapping[str, str]  # names in lower case; without Authorization, so that it can be logged
    rest: bytes  # what came after the head: some stations send their first frame at once


class UpgradeAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """The server has opened the WebSocket."""

    subprotocol: str | None
    headers: Mapping[str, str]
    rest: bytes


class UpgradeRefused(msgspec.Struct, frozen=True, kw_only=True):
    """The server has not opened a WebSocket; `reason` is its own words or ours."""

    status: int
    reason: str
    headers: Mapping[str, str]


def parse_request(buffer: bytes | bytearray) -> UpgradeRequest | Incomplete | BadRequest:
    """Read what a client sent so far; the buffer is left as it is."""
    if buffer and not buffer[:1].isalpha():
        return BadRequest(
            status=400, reason="This is not HTTP. Is the station set to wss:// where ws:// is due?"
        )
    cut = _cut_head(buffer)
    if cut is None:
        if len(buffer) <= MAX_HEAD_BYTES:
            return Incomplete()
        return BadRequest(status=431, reason=f"The request head is longer than {MAX_HEAD_BYTES} bytes.")
    first_line, headers, rest = cut
    method, _, target = first_line.partition(b" ")
    # Stations have sent unescaped spaces in the path, so the version is what follows the last one.
    target, _, http_version = target.rpartition(b" ")
    if not target or not http_version.startswith(b"HTTP/1."):
        return BadRequest(status=400, reason="The request line is not that of an HTTP/1.1 request.")
    if headers is None:
        return BadRequest(status=400, reason="A header line has no colon.")
    return _obstacle(method, headers) or _upgrade_request(method, target, headers, rest)


def accept_response(request: UpgradeRequest, subprotocol: str | None, extension: str | None) -> bytes:
    """Return the answer that opens the WebSocket, with the one subprotocol and extension agreed on."""
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {_accept_value(request.key)}",
    ]
    if subprotocol is not None:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    if extension is not None:
        lines.append(f"Sec-WebSocket-Extensions: {extension}")
    return _head(lines)


def refuse_response(status: int, reason: str, headers: Mapping[str, str] | None = None) -> bytes:
    """Return an answer with `reason` as plain text, after which the connection is to be closed."""
    body = f"{reason}\n".encode()
    lines = [f"HTTP/1.1 {status} {_PHRASES.get(status, 'Refused')}"]
    if status == 401:
        lines.append('WWW-Authenticate: Basic realm="OCPP"')
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += ["Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}", "Connection: close"]
    return _head(lines) + body


def new_key() -> str:
    """Return a fresh Sec-WebSocket-Key for `request`."""
    return base64.b64encode(os.urandom(16)).decode()


def request(
    host: str,
    path: str,
    key: str,
    subprotocols: Sequence[str] = (),
    basic: tuple[str, bytes] | None = None,
) -> bytes:
    """Return a client's request; `host` carries the port when it is unusual, `path` is already quoted."""
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {key}",
        f"Sec-WebSocket-Version: {_VERSION}",
    ]
    if subprotocols:
        lines.append(f"Sec-WebSocket-Protocol: {', '.join(subprotocols)}")
    if basic is not None:
        user, password = basic
        lines.append(f"Authorization: Basic {base64.b64encode(user.encode() + b':' + password).decode()}")
    return _head(lines)


def parse_response(
    buffer: bytes | bytearray, key: str, subprotocols: Sequence[str] = ()
) -> UpgradeAccepted | UpgradeRefused | Incomplete:
    """Read what a server answered so far to `request` with the same `key` and `subprotocols`."""
    cut = _cut_head(buffer)
    if cut is None:
        if len(buffer) <= MAX_HEAD_BYTES:
            return Incomplete()
        return UpgradeRefused(status=0, reason="The server's answer has no end.", headers={})
    first_line, headers, rest = cut
    status_line = _STATUS_LINE.match(first_line.decode("latin-1"))
    if status_line is None or headers is None:
        return UpgradeRefused(status=0, reason="The server's answer is not HTTP.", headers={})
    status = int(status_line[1])
    if status != 101:
        return _refusal(status, headers, rest)
    subprotocol = headers.get("sec-websocket-protocol")
    if headers.get("sec-websocket-accept") != _accept_value(key):
        reason = "The server's Sec-WebSocket-Accept does not fit our key."
    elif subprotocol is not None and subprotocol not in subprotocols:
        reason = f"The server chose the subprotocol {subprotocol!r}, which was not offered."
    elif "sec-websocket-extensions" in headers:
        reason = "The server uses an extension that was not offered."
    else:
        return UpgradeAccepted(subprotocol=subprotocol, headers=headers, rest=rest)
    return UpgradeRefused(status=status, reason=reason, headers=headers)


def _refusal(status: int, headers: Mapping[str, str], rest: bytes) -> UpgradeRefused | Incomplete:
    """Wait for the body as far as it is announced and short, since it says why."""
    announced = _CONTENT_LENGTH.fullmatch(headers.get("content-length", ""))
    length = min(int(announced[0]), MAX_HEAD_BYTES) if announced else 0
    if len(rest) < length:
        return Incomplete()
    return UpgradeRefused(
        status=status, reason=rest[:MAX_HEAD_BYTES].decode(errors="replace").strip(), headers=headers
    )


def _cut_head(buffer: bytes | bytearray) -> tuple[bytes, dict[str, str] | None, bytes] | None:
    """Return first line, headers (None when unreadable) and rest; None when the head does not end in time."""
    end = _HEAD_END.search(buffer, 0, MAX_HEAD_BYTES)
    if end is None:
        return None
    first_line, *lines = bytes(buffer[: end.start()]).split(b"\n")
    return first_line.rstrip(b"\r"), _headers(lines), bytes(buffer[end.end() :])


def _headers(lines: Sequence[bytes]) -> dict[str, str] | None:
    """Return the headers by lower-case name, repeated ones joined; None when a line has no colon."""
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.decode("latin-1").partition(":")
        if not colon:
            return None
        name, value = name.strip().lower(), value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _obstacle(method: bytes, headers: Mapping[str, str]) -> BadRequest | None:
    """Return why this request cannot be upgraded, if so."""
    if method != b"GET" or "websocket" not in [word.lower() for word in _words(headers, "upgrade")]:
        reason = "Charging stations connect here with OCPP over WebSocket; there is no page to show."
        return BadRequest(status=426, reason=reason, headers={"Upgrade": "websocket"})
    if headers.get("sec-websocket-version") != _VERSION:
        reason = f"Only WebSocket version {_VERSION} is spoken here."
        return BadRequest(status=426, reason=reason, headers={"Sec-WebSocket-Version": _VERSION})
    if not headers.get("sec-websocket-key"):
        return BadRequest(status=400, reason="The Sec-WebSocket-Key header is missing.")
    return None


def _upgrade_request(method: bytes, target: bytes, headers: dict[str, str], rest: bytes) -> UpgradeRequest:
    prefix, identity, problem = _identity(target)
    return UpgradeRequest(
        method=method.decode("latin-1"),
        path=target.decode(errors="backslashreplace"),
        prefix=prefix,
        identity=identity,
        identity_problem=problem,
        subprotocols=_words(headers, "sec-websocket-protocol"),
        basic=_basic(headers.pop("authorization", None)),
        key=headers["sec-websocket-key"],
        version=headers["sec-websocket-version"],
        extensions=_words(headers, "sec-websocket-extensions"),
        headers=headers,
        rest=rest,
    )


def _identity(target: bytes) -> tuple[tuple[str, ...], str | None, str | None]:
    """Return the prefix segments, the identity and, when there is none, the reason."""
    path = _URL_IN_PATH.sub(b"", target.partition(b"?")[0], count=1)
    segments = [unquote_to_bytes(segment) for segment in path.split(b"/") if segment]
    prefix = tuple(segment.decode(errors="backslashreplace") for segment in segments[:-1])
    if not segments:
        return prefix, None, "The address ends without the station's identity."
    try:
        identity = segments[-1].decode()
    except UnicodeDecodeError:
        return prefix, None, "The identity is not UTF-8."
    if len(identity) > MAX_IDENTITY_CHARACTERS:
        return prefix, None, f"The identity is longer than {MAX_IDENTITY_CHARACTERS} characters."
    if not identity.strip(". "):
        return prefix, None, "The identity has neither letters nor digits."
    if not identity.isprintable():
        return prefix, None, "The identity contains characters that cannot be printed."
    if "/" in identity or ":" in identity:
        return prefix, None, "The identity contains a slash or a colon."
    return prefix, identity, None


def _basic(header: str | None) -> Basic | Unreadable | None:
    """Return the credentials, None when there are none of the kind Basic (RFC 7617)."""
    scheme, _, token = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    token = token.strip().rstrip("=")
    try:
        plain = base64.b64decode(token + "=" * (-len(token) % 4), validate=True)
        user, colon, password = plain.partition(b":")
        return Basic(user.decode(), password) if colon else Unreadable.MALFORMED
    except (binascii.Error, ValueError):
        return Unreadable.MALFORMED


def _words(headers: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the non-empty parts of a comma-separated header."""
    return tuple(word for part in headers.get(name, "").split(",") if (word := part.strip()))


def _accept_value(key: str) -> str:
    # SHA-1 is what RFC 6455 §4.2.2 asks for; it protects nothing here.
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID, usedforsecurity=False).digest()).decode()


def _head(lines: Sequence[str]) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1")
