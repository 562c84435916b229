"""Opening a station's WebSocket: TCP, TLS, the upgrade with Basic credentials."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from ostler.ocpp import handshake, websocket
from ostler.ocpp.base import Version

_PORTS = {"ws": 80, "wss": 443}
_READ_BYTES = 65_536
_HANDSHAKE_S = 15.0


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """Where a station connects, as it stands in the station's own menu: the identity is put behind `url`."""

    url: str
    password: bytes | None = None
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""


class LinkError(Exception):
    """There is no connection; the text says why, for people."""


class Link:
    """An open WebSocket. `receive` returns the next text; `LinkError` when there will be none."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, rest: bytes) -> None:
        self._reader = reader
        self._writer = writer
        self._frames = websocket.FrameReader(websocket.Role.CLIENT)
        self._events = list(self._frames.feed(rest)) if rest else []

    async def receive(self) -> bytes:
        """Wait for the next message; pings are answered on the way."""
        while True:
            while self._events:
                payload = self._handle(self._events.pop(0))
                if payload is not None:
                    return payload
            try:
                data = await self._reader.read(_READ_BYTES)
            except OSError as error:
                raise LinkError(str(error)) from error
            if not data:
                raise LinkError("the server closed the connection")
            self._events += self._frames.feed(data)

    def send(self, text: bytes) -> None:
        """Send one text message."""
        self._write(websocket.text_frame(text, mask=True))

    def ping(self) -> None:
        self._write(websocket.ping_frame(mask=True))

    def close(self, code: int = 1000, *, politely: bool = True) -> None:
        """End the connection; impolitely means as a power cut does, without a word."""
        if politely:
            self._write(websocket.close_frame(code, mask=True))
            self._writer.close()
        else:
            self._writer.transport.abort()

    def _write(self, data: bytes) -> None:
        if not self._writer.is_closing():
            self._writer.write(data)

    def _handle(self, event: websocket.Event) -> bytes | None:
        match event:
            case websocket.Text(payload) | websocket.Binary(payload):
                return payload
            case websocket.Ping(payload):
                self._write(websocket.pong_frame(payload, mask=True))
            case websocket.Close(code, reason):
                self._write(websocket.close_frame(code, mask=True))
                self._writer.close()
                raise LinkError(f"closed by the server ({code}{f': {reason}' if reason else ''})")
            case websocket.Failed(code, reason):
                if code != websocket.ABNORMAL:
                    self._write(websocket.close_frame(code, reason, mask=True))
                self._writer.close()
                raise LinkError(reason)
            case _:
                pass  # a pong only shows that the server lives
        return None


async def connect(target: Target, identity: str) -> Link:
    """Open a station's WebSocket; raises `LinkError`."""
    scheme, host, port = _address(target.url)
    try:
        async with asyncio.timeout(_HANDSHAKE_S):
            reader, writer = await asyncio.open_connection(host, port, **_tls(scheme, target))
            try:
                return await _upgrade(reader, writer, target, identity)
            except BaseException:
                writer.close()
                raise
    except TimeoutError as error:
        raise LinkError(f"{host}:{port} did not answer in {_HANDSHAKE_S:.0f} s") from error
    except (OSError, ValueError) as error:
        raise LinkError(f"{host}:{port}: {getattr(error, 'strerror', None) or error}") from error


async def _upgrade(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Target, identity: str
) -> Link:
    parts = urlsplit(target.url)
    key = handshake.new_key()
    subprotocols = (Version.V16.subprotocol,)
    basic = None if target.password is None else (identity, target.password)
    path = f"{parts.path.rstrip('/')}/{quote(identity, safe='')}"
    writer.write(handshake.request(parts.netloc.rpartition("@")[2], path, key, subprotocols, basic))
    buffer = bytearray()
    while data := await reader.read(_READ_BYTES):
        buffer += data
        match handshake.parse_response(buffer, key, subprotocols):
            case handshake.UpgradeAccepted(subprotocol=chosen, rest=rest):
                if chosen is None:
                    raise LinkError("the server does not speak OCPP 1.6")
                return Link(reader, writer, rest)
            case handshake.UpgradeRefused(status=status, reason=reason):
                raise LinkError(f"refused with status {status}: {reason}")
            case handshake.Incomplete():
                pass
    raise LinkError("the server closed the connection without an answer")


def _address(url: str) -> tuple[str, str, int]:
    """Return scheme, host and port."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise LinkError(f"{url}: {error}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise LinkError(f"{url} is no address like ws://host:9000/ or wss://host/ocpp")
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]


def _tls(scheme: str, target: Target) -> dict[str, Any]:
    if scheme == "ws":
        return {}
    return {"ssl": ssl.create_default_context(cafile=target.ca_file)}
