from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
import uvicorn

from ostler.api import streams
from ostler.api.streams import QUEUE
from ostler.domain.events import StationChanged, StationConnected
from ostler.domain.words import Role
from ostler.store.database import LogRow

URL = "/api/v1/events"


class Server(uvicorn.Server):
    """Tells when it listens."""

    def __init__(self, app: Any) -> None:
        super().__init__(
            uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, timeout_graceful_shutdown=5)
        )
        self.listening = asyncio.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.servers[0].sockets[0].getsockname()[1]}"


@pytest.fixture
async def server(app) -> AsyncIterator[Server]:
    """A real server, because only one streams."""
    server = Server(app)
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server._serve())
        await server.listening.wait()
        yield server
        server.should_exit = True
        await serving


@pytest.fixture
async def client(server, token_for) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": f"Bearer {await token_for(Role.VIEWER)}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers) as client:
        yield client


class Listener:
    """The frames of one stream: {"event": ..., "id": ..., "data": ...}."""

    def __init__(self, lines: AsyncIterator[str]) -> None:
        self._lines = lines

    async def next(self) -> dict[str, Any]:
        frame: dict[str, Any] = {}
        async for line in self._lines:
            if not line:
                return frame
            name, _, text = line.partition(": ")
            frame[name] = json.loads(text) if name == "data" else text
        return {"event": "the end"}


@pytest.fixture
def listen(client):
    @asynccontextmanager
    async def open_stream(query: str = "", **headers: str) -> AsyncIterator[Listener]:
        async with client.stream("GET", URL + query, headers=headers) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith("text/event-stream")
            listener = Listener(answer.aiter_lines())
            assert (await listener.next())["event"] == "hello"
            yield listener

    return open_stream


async def test_events_come_with_type_number_and_data(listen, bus, clock):
    async with listen() as listener:
        bus.publish([StationConnected(at=clock(), station="CP1", version="1.6", address="192.0.2.1")])

        assert await listener.next() == {
            "event": "station.connected",
            "id": "1",
            "data": {
                "type": "station.connected",
                "at": "2026-06-01T12:00:00Z",
                "station": "CP1",
                "version": "1.6",
                "address": "192.0.2.1",
            },
        }


async def test_only_the_types_and_the_station_that_were_asked_for_come(listen, bus, clock):
    async with listen("?types=station.changed,station.booted&station=CP%202") as listener:
        bus.publish([StationConnected(at=clock(), station="CP 2", version="1.6", address="")])
        bus.publish([StationChanged(at=clock(), station="CP1"), StationChanged(at=clock(), station="CP 2")])

        assert (await listener.next())["id"] == "3"


async def test_what_was_missed_is_replayed(listen, bus, clock):
    bus.publish([StationChanged(at=clock(), station=name) for name in "abc"])

    async with listen(**{"Last-Event-ID": "1"}) as listener:
        assert [(await listener.next())["data"]["station"] for _ in range(2)] == ["b", "c"]


@pytest.mark.parametrize("number", ["4", "999", "-1", "x", "²"])
async def test_who_comes_with_a_number_that_is_not_known_is_told_to_read_anew(listen, bus, clock, number):
    bus.publish([StationChanged(at=clock(), station=name) for name in "abc"])

    async with listen(**{"Last-Event-ID": number.encode()}) as listener:
        assert (await listener.next())["event"] == "reset"
        bus.publish([StationChanged(at=clock(), station="d")])
        assert (await listener.next())["data"]["station"] == "d"


async def test_the_greeting_has_the_number_of_the_latest_event(client, bus, clock):
    bus.publish([StationChanged(at=clock(), station="a")])

    async with client.stream("GET", URL) as answer:
        assert (await Listener(answer.aiter_lines()).next())["id"] == "1"


async def test_messages_come_only_while_somebody_asks_for_them(listen, store):
    row = LogRow(
        station="CP1",
        epoch=1,
        direction="in",
        action="Heartbeat",
        message_id="m",
        at_ms=1_780_315_200_000,
        latency_us=1500,
        outcome="answered",
        request="{}",
        deviations='[{"path":"a"}]',
    )
    before = store.log.tail
    async with listen("?types=message.logged") as listener:
        await store.write(lambda db: db.log(row))
        frame = await listener.next()

    assert before is None
    assert frame["event"] == "message.logged"
    assert "id" not in frame
    assert frame["data"]["latency_ms"] == 1.5
    assert frame["data"]["deviations"] == 1


async def test_the_tail_of_the_log_ends_with_its_last_listener(bus, store):
    listeners = streams.Streams(bus, store.log)
    first = listeners.open(after=None, messages=True)
    second = listeners.open(after=None, messages=True)
    listeners.close(first)
    while_one_listens = store.log.tail
    listeners.close(second)

    assert while_one_listens is not None
    assert store.log.tail is None
    assert listeners.count == 0


async def test_a_slow_listener_is_told_what_it_lost(listen, bus, clock):
    async with listen() as listener:
        bus.publish([StationChanged(at=clock(), station=str(number)) for number in range(QUEUE + 5)])

        assert await listener.next() == {"event": "lost", "data": {"type": "lost", "count": 5}}
        assert (await listener.next())["data"]["station"] == "5"


async def test_a_quiet_stream_is_kept_alive(listen, monkeypatch):
    monkeypatch.setattr("ostler.api.events.KEEP_ALIVE_S", 0.0)
    async with listen() as listener:
        assert "" in await listener.next()


async def test_streams_end_when_the_server_drains(listen, draining):
    async with listen() as listener:
        draining.set()

        assert await listener.next() == {"event": "the end"}


async def test_a_listener_that_goes_away_is_forgotten(listen, house, monkeypatch):
    closed = asyncio.Event()
    close = house.streams.close
    monkeypatch.setattr(house.streams, "close", lambda subscription: (close(subscription), closed.set()))

    async with listen():
        assert house.streams.count == 1
    await closed.wait()

    assert house.streams.count == 0


@pytest.mark.parametrize("query", ["?types=station.change", "?station=a&typ=b"])
async def test_an_unknown_type_is_refused_with_the_nearest(viewer, query):
    answer = await viewer.get(URL + query)

    assert answer.status_code == 422
    assert "Did you mean" in answer.json()["detail"]


async def test_there_are_not_any_number_of_listeners(viewer, monkeypatch):
    monkeypatch.setattr(streams, "MOST", 0)

    answer = await viewer.get(URL)

    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "10"
