"""Our framing and handshake against independent implementations, over real sockets."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import picows
import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosedError, InvalidStatus

from ostler.ocpp.handshake import (
    BadRequest,
    Incomplete,
    UpgradeAccepted,
    UpgradeRefused,
    UpgradeRequest,
    accept_response,
    new_key,
    parse_request,
    parse_response,
    refuse_response,
    request,
)
from ostler.ocpp.websocket import (
    Binary,
    Close,
    Deflate,
    Event,
    Failed,
    FrameReader,
    Ping,
    Pong,
    Role,
    Text,
    close_frame,
    negotiate,
    ping_frame,
    pong_frame,
    text_frame,
)

PAYLOADS = ["", "a", "é" * 60, "x" * 125, "x" * 126, "x" * 501, "x" * 65535, "x" * 65536, "[2,3]" * 50_000]


class EchoServer(asyncio.Protocol):
    """Sends every text back; knows one station, CP1 with the key `secret`."""

    transport: asyncio.Transport

    def __init__(self) -> None:
        self.head = b""
        self.reader: FrameReader | None = None
        self.deflate: Deflate | None = None
        self.events: list[Event] = []
        self.request: UpgradeRequest | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.reader is None:
            self.head += data
            self._open(parse_request(self.head))
        else:
            self._read(data)

    def _open(self, parsed: UpgradeRequest | Incomplete | BadRequest) -> None:
        match parsed:
            case Incomplete():
                return
            case BadRequest():
                self._refuse(parsed.status, parsed.reason)
            case UpgradeRequest(basic=("CP1", b"secret"), identity="CP1"):
                self.request = parsed
                self.deflate = negotiate(parsed.extensions)
                extension = self.deflate.response if self.deflate else None
                self.transport.write(accept_response(parsed, "ocpp1.6", extension))
                self.reader = FrameReader(Role.SERVER, deflate=self.deflate)
                self._read(parsed.rest)
            case UpgradeRequest():
                self._refuse(401, "This station may not come in.")

    def _refuse(self, status: int, reason: str) -> None:
        self.transport.write(refuse_response(status, reason))
        self.transport.close()

    def _read(self, data: bytes) -> None:
        assert self.reader is not None
        for event in self.reader.feed(data):
            self.events.append(event)
            match event:
                case Text(payload):
                    self.transport.write(text_frame(payload, deflate=self.deflate))
                case Ping(payload):
                    self.transport.write(pong_frame(payload))
                case Close(code) | Failed(code):
                    self.transport.write(close_frame(code))
                    self.transport.close()
                case _:
                    pass


@asynccontextmanager
async def echo_server() -> AsyncIterator[tuple[str, list[EchoServer]]]:
    """The address of a running server, and its connections so far."""
    connections: list[EchoServer] = []

    def accept() -> EchoServer:
        connections.append(EchoServer())
        return connections[-1]

    server = await asyncio.get_running_loop().create_server(accept, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        try:
            yield f"ws://CP1:secret@127.0.0.1:{port}/ocpp/CP1", connections
        finally:
            for connection in connections:
                connection.transport.abort()


@pytest.mark.parametrize("compression", [None, "deflate"])
async def test_a_websockets_client_hears_its_texts_again(compression):
    async with (
        echo_server() as (url, _),
        connect(url, subprotocols=["ocpp1.6"], compression=compression) as client,
    ):
        for payload in PAYLOADS:
            await client.send(payload)

            assert await client.recv() == payload


async def test_a_websockets_client_agrees_on_compression_without_context_takeover():
    async with echo_server() as (url, connections), connect(url, subprotocols=["ocpp1.6"]) as client:
        assert client.response is not None
        assert client.response.headers["Sec-WebSocket-Extensions"] == Deflate().response
        assert connections[0].deflate is not None


async def test_a_websockets_client_sends_a_text_in_fragments():
    async with echo_server() as (url, _), connect(url, subprotocols=["ocpp1.6"]) as client:
        await client.send(["[2,", "", "3" * 70_000, "]"])

        assert await client.recv() == "[2," + "3" * 70_000 + "]"


async def test_a_websockets_client_gets_its_pong():
    async with echo_server() as (url, _), connect(url, subprotocols=["ocpp1.6"]) as client:
        assert await (await client.ping(b"there?")) >= 0


async def test_a_websockets_client_closes_with_code_and_reason():
    async with echo_server() as (url, connections):
        async with connect(url, subprotocols=["ocpp1.6"]) as client:
            await client.close(1001, "reboot")

        assert connections[0].events == [Close(1001, "reboot")]
        assert client.close_code == 1001


async def test_a_websockets_client_is_told_that_its_message_is_too_large():
    async with echo_server() as (url, _), connect(url, subprotocols=["ocpp1.6"], compression=None) as client:
        await client.send("x" * 262_145)
        with pytest.raises(ConnectionClosedError) as closed:
            await client.recv()

        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009


async def test_a_websockets_client_with_a_wrong_key_is_refused():
    async with echo_server() as (url, _):
        with pytest.raises(InvalidStatus) as refused:
            await connect(url.replace("secret", "guess"), subprotocols=["ocpp1.6"])

        assert refused.value.response.status_code == 401
        assert refused.value.response.body == b"This station may not come in.\n"


async def test_a_first_frame_that_comes_with_the_request_is_answered():
    async with echo_server() as (url, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        head = request("127.0.0.1", "/CP1", new_key(), ["ocpp1.6"], ("CP1", b"secret"))
        writer.write(head + text_frame(b"early", mask=True))
        answer = await reader.readuntil(b"early")
        writer.close()
        await writer.wait_closed()

        assert answer.endswith(b"\r\n\r\n" + text_frame(b"early"))


class Collector(picows.WSListener):
    """A picows client that keeps the texts it hears."""

    def __init__(self) -> None:
        super().__init__()
        self.heard: asyncio.Queue[str] = asyncio.Queue()

    def on_ws_frame(self, transport: picows.WSTransport, frame: picows.WSFrame) -> None:
        if frame.msg_type == picows.WSMsgType.TEXT:
            self.heard.put_nowait(frame.get_payload_as_utf8_text())


async def test_a_picows_client_hears_its_texts_again():
    async with echo_server() as (url, connections):
        authorization = {"Authorization": "Basic " + base64.b64encode(b"CP1:secret").decode()}
        address = url.replace("CP1:secret@", "")
        transport, listener = await picows.ws_connect(Collector, address, extra_headers=authorization)
        assert isinstance(listener, Collector)
        for payload in PAYLOADS:
            transport.send(picows.WSMsgType.TEXT, payload.encode())

            assert await listener.heard.get() == payload
        transport.send_ping(b"there?")
        transport.send(picows.WSMsgType.BINARY, b"\x00")
        transport.send_close(picows.WSCloseCode.GOING_AWAY)
        await transport.wait_disconnected()

        assert connections[0].events[-3:] == [Ping(b"there?"), Binary(b"\x00"), Close(1001, "")]


class Client:
    """A station: our encoders and our reader over a plain stream."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.stream, self.writer = reader, writer
        self.frames = FrameReader(Role.CLIENT)
        self.events: list[Event] = []

    async def open(
        self, path: str, basic: tuple[str, bytes] | None = None
    ) -> UpgradeAccepted | UpgradeRefused:
        key, offered = new_key(), ["ocpp2.0.1", "ocpp1.6"]
        self.writer.write(request("127.0.0.1", path, key, offered, basic))
        head = b""
        while isinstance(parsed := parse_response(head, key, offered), Incomplete):
            head += await self.stream.read(65536)
        if isinstance(parsed, UpgradeAccepted):
            self.events += self.frames.feed(parsed.rest)
        return parsed

    async def event(self) -> Event:
        while not self.events:
            self.events += self.frames.feed(await self.stream.read(65536))
        return self.events.pop(0)


@asynccontextmanager
async def client_of(handler: Callable[[ServerConnection], object]) -> AsyncIterator[Client]:
    """Our client, connected to a server of the `websockets` package."""
    async with serve(handler, "127.0.0.1", 0, subprotocols=["ocpp1.6"], max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        client = Client(*await asyncio.open_connection("127.0.0.1", port))
        try:
            yield client
        finally:
            client.writer.close()
            await client.writer.wait_closed()


async def echo(connection: ServerConnection) -> None:
    async for message in connection:
        await connection.send(message)


async def test_our_client_hears_its_texts_again_from_a_websockets_server():
    async with client_of(echo) as client:
        accepted = await client.open("/CP1", ("CP1", b"secret"))
        assert isinstance(accepted, UpgradeAccepted)
        assert accepted.subprotocol == "ocpp1.6"
        for payload in PAYLOADS:
            client.writer.write(text_frame(payload.encode(), mask=True))

            assert await client.event() == Text(payload.encode())


async def test_our_client_gets_its_pong_and_its_close_from_a_websockets_server():
    async with client_of(echo) as client:
        await client.open("/CP1")
        client.writer.write(ping_frame(b"there?", mask=True) + close_frame(1001, "reboot", mask=True))

        assert [await client.event(), await client.event()] == [Pong(b"there?"), Close(1001, "reboot")]


async def test_our_client_answers_the_ping_of_a_websockets_server():
    async def ping(connection: ServerConnection) -> None:
        await (await connection.ping(b"?"))
        await connection.send("alive")

    async with client_of(ping) as client:
        await client.open("/CP1")
        assert await client.event() == Ping(b"?")
        client.writer.write(pong_frame(b"?", mask=True))

        assert await client.event() == Text(b"alive")


async def test_our_client_reads_the_refusal_of_a_websockets_server():
    async with client_of(echo) as client:
        client.writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        data = await client.stream.read()
        refused = parse_response(data, new_key())

        assert isinstance(refused, UpgradeRefused)
        assert refused.status == 426
        assert "You need a WebSocket client." in refused.reason
