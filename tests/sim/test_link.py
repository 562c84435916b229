from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
import websockets
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ostler.sim.link import Link, LinkError, Target, connect


@asynccontextmanager
async def answering(answer: Callable[[asyncio.StreamWriter], None]) -> AsyncIterator[Target]:
    """A server that reads a request and answers as told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        answer(writer)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield Target(url=f"ws://127.0.0.1:{server.sockets[0].getsockname()[1]}")


@asynccontextmanager
async def linked(handler, **options) -> AsyncIterator[Link]:
    """A link to a server made of the package `websockets`."""
    options = {"subprotocols": ["ocpp1.6"]} | options
    async with websockets.serve(handler, "127.0.0.1", 0, **options) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        link = await connect(Target(url=f"ws://127.0.0.1:{port}/"), "CP 1")
        yield link
        link.close(politely=False)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://host/", "no address like"),
        ("ws:///path", "no address like"),
        ("ws://127.0.0.1:99999/", "0-65535"),
    ],
)
async def test_an_address_that_cannot_be_meant_is_named(url, why):
    with pytest.raises(LinkError, match=why):
        await connect(Target(url=url), "CP1")


async def test_nobody_listening_is_an_ordinary_failure():
    async with answering(lambda _: None) as target:
        pass

    with pytest.raises(LinkError, match=r"127\.0\.0\.1"):
        await connect(target, "CP1")


async def test_a_server_that_hangs_up_is_named():
    async with answering(lambda _: None) as target:
        with pytest.raises(LinkError, match="without an answer"):
            await connect(target, "CP1")


async def test_a_server_that_refuses_is_quoted():
    answer = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\nunknown"
    async with answering(lambda writer: writer.write(answer)) as target:
        with pytest.raises(LinkError, match="status 404: unknown"):
            await connect(target, "CP1")


async def test_a_server_without_ocpp_1_6_is_left():
    with pytest.raises(LinkError, match=r"does not speak OCPP 1\.6"):
        async with linked(lambda connection: connection.wait_closed(), subprotocols=None):
            pass


async def test_the_identity_is_quoted():
    paths = []

    async def handler(connection):
        paths.append(connection.request.path)
        await connection.send("hello")

    async with linked(handler) as link:
        assert await link.receive() == b"hello"

    assert paths == ["/CP%201"]


async def test_what_the_server_says_when_it_closes_is_told():
    async def handler(connection):
        await connection.close(1008, "go away")

    async with linked(handler) as link:
        with pytest.raises(LinkError, match=r"1008: go away"):
            await link.receive()


async def test_a_message_goes_there_and_back_in_whatever_pieces():
    async def handler(connection):
        await connection.ping()
        await connection.send(["a" * 70_000, "b"])
        await connection.send(await connection.recv())

    async with linked(handler) as link:
        assert await link.receive() == b"a" * 70_000 + b"b"
        link.send(b"text")
        link.ping()
        assert await link.receive() == b"text"


async def test_a_server_that_breaks_the_protocol_is_left():
    async def handler(connection):
        connection.transport.write(b"\xff\xff")
        await connection.wait_closed()

    async with linked(handler) as link:
        with pytest.raises(LinkError):
            await link.receive()


async def test_a_connection_that_breaks_off_is_told():
    async def handler(connection):
        connection.transport.abort()

    async with linked(handler) as link:
        with pytest.raises(LinkError):
            await link.receive()


async def test_over_tls_the_servers_certificate_must_be_trusted(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(datetime.now(UTC) - timedelta(hours=1))
    built = built.not_valid_after(datetime.now(UTC) + timedelta(hours=1))
    built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    file = tmp_path / "server.pem"
    file.write_bytes(
        built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    async def handler(connection):
        await connection.send("hello")

    serving = websockets.serve(handler, "127.0.0.1", 0, ssl=context, subprotocols=["ocpp1.6"])
    async with serving as server:
        url = f"wss://localhost:{next(iter(server.sockets)).getsockname()[1]}/"
        with pytest.raises(LinkError, match="certificate verify failed"):
            await connect(Target(url=url), "CP1")
        link = await connect(Target(url=url, ca_file=str(file)), "CP1")

        assert await link.receive() == b"hello"
        link.close(politely=False)
