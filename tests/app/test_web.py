from __future__ import annotations

import asyncio

import pytest

from ostler.api.settings import ApiSettings
from ostler.app import web
from ostler.app.web import Impatient, WebServer


async def told(scope, receive, send):
    """An application that reads the body and answers in two parts, the second one after a while."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"first,", "more_body": True})
    if scope["path"] == "/slow":
        await asyncio.sleep(4 * Impatient.look_every_s)
    await send({"type": "http.response.body", "body": b"second"})


@pytest.fixture
async def port(monkeypatch):
    monkeypatch.setattr(Impatient, "look_every_s", 0.05)
    server = WebServer(told, ApiSettings(host="127.0.0.1", port=0))
    monkeypatch.setattr(server._server.config, "lifespan", "off")
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run())
        yield server.port
        server.stop()


async def everything(port, *parts):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
    try:
        async with asyncio.timeout(10):
            return await reader.read()
    except ConnectionResetError:
        return b"dropped"
    finally:
        writer.close()


HEAD = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 5\r\n"


@pytest.mark.parametrize("parts", [[], [HEAD], [HEAD, b"\r\n", b"12"]], ids=["nothing", "head", "body"])
async def test_who_never_ends_the_request_is_dropped(port, parts):
    assert await everything(port, *parts) in {b"", b"dropped"}


async def test_who_asks_is_answered(port):
    assert b"first," in await everything(port, HEAD, b"\r\n", b"12345")


async def test_an_answer_may_take_as_long_as_it_likes(port):
    assert b"second" in await everything(port, HEAD.replace(b" / ", b" /slow "), b"\r\n", b"12345")


def test_a_slow_upload_has_its_time():
    assert web.ASK_WITHIN_S >= 30
