from __future__ import annotations

import asyncio
import json
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvloop
from websockets.asyncio.client import ClientConnection, connect

from ostler.bus.local import Bus, Numbered
from ostler.gateway.gateway import Gateway
from ostler.gateway.settings import GatewaySettings
from ostler.services import stations
from ostler.services.stations import Fields
from ostler.store import migrations
from ostler.store.store import Store

# importlib mode puts no test folder on the path
sys.path.insert(0, str(Path(__file__).parent))
from small_dialect import DIALECT, GATE, credentials

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
BOOT = {"chargePointVendor": "Ostler", "chargePointModel": "Test"}


def pytest_asyncio_loop_factories(config, item):
    """The event loop of the real server."""
    return {"uvloop": uvloop.new_event_loop}


class House:
    """A gateway with its store and bus, on a free port."""

    def __init__(self, data_dir: Path, settings: GatewaySettings) -> None:
        self.bus = Bus()
        self.events = self.bus.subscribe()
        self.heard: list[Numbered] = []
        self.store = Store(data_dir, self.bus.publish)
        self.settings = settings
        self.gateway = Gateway(self.store, self.bus, settings, {"ocpp1.6": DIALECT})

    @property
    def port(self) -> int:
        assert self.gateway.ports.plain is not None
        return self.gateway.ports.plain

    async def add(self, identity: str = "CP1", *, key: str | None = None, **fields: Any) -> int:
        pk = await self.store.write(stations.create, identity, Fields(**fields), key=key, now=NOW)
        await self.settled()
        return pk

    async def change(self, identity: str, **fields: Any) -> None:
        """Change a station's record and wait until the gateway has it."""
        await self.store.write(stations.change, identity, Fields(**fields), now=NOW)
        await self.settled()

    async def settled(self) -> None:
        """Wait until the gateway's own tasks are done, all but its sweep."""
        group = self.gateway._tasks._group
        await self.until(lambda: group is None or len(group._tasks) == 1)

    async def record(self, identity: str = "CP1") -> stations.Station:
        await self.store.write(lambda _db: None)  # what is queued comes first
        found = await self.store.read(stations.get, identity)
        assert found is not None
        return found

    @asynccontextmanager
    async def station(
        self,
        identity: str = "CP1",
        *,
        key: str | bytes | None = None,
        user: str | None = None,
        booted: bool = False,
        subprotocols: tuple[str, ...] = ("ocpp1.6",),
        **options: Any,
    ) -> AsyncIterator[Station]:
        headers = {} if key is None else {"Authorization": credentials(user or identity, key)}
        async with connect(
            f"ws://127.0.0.1:{self.port}/{identity}",
            subprotocols=list(subprotocols) or None,
            additional_headers=headers,
            ping_interval=None,
            close_timeout=1,
            open_timeout=10,
            **options,
        ) as socket:
            station = Station(socket)
            if booted:
                answer = await station.call("BootNotification", BOOT)
                assert answer["status"] == "Accepted"
            yield station

    async def knock(
        self, path: str = "/CP1", *, head: str | None = None, **headers: str
    ) -> tuple[int, bytes]:
        """Upgrade over a bare socket; returns the status and all that came until the server closed."""
        reader, writer = await self.raw(path, head=head, **headers)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        return int(answer.split(b" ")[1]) if answer else 0, answer

    async def raw(
        self, path: str = "/CP1", *, head: str | None = None, **headers: str
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Write an upgrade request to a bare socket."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        lines = {
            "Host": "ostler",
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Protocol": "ocpp1.6",
        } | {name.replace("_", "-"): value for name, value in headers.items()}
        fields = "".join(f"{name}: {value}\r\n" for name, value in lines.items() if value)
        writer.write((f"GET {path} HTTP/1.1\r\n{fields}\r\n" if head is None else head).encode())
        return reader, writer

    async def logged(self) -> list[dict[str, Any]]:
        """The message log so far, oldest first."""
        await self.store.write(lambda _db: None)

        def read(db: Any) -> list[dict[str, Any]]:
            cursor = db._connection.execute("SELECT * FROM messages ORDER BY pk")
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        return await self.store.read_log(read)

    async def told(self, kind: type) -> Any:
        """Wait for the next event of a kind."""
        while True:
            while self.heard:
                event = self.heard.pop(0).event
                if isinstance(event, kind):
                    return event
            await self.events.wait()
            self.heard = self.events.take()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something that the server does by itself has happened."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 - the server's insides send no events
                await asyncio.sleep(0.005)


class Station:
    """A charging station on the PyPI client `websockets`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.number = 0

    async def ask(self, action: str, payload: dict[str, Any], id_: str | None = None) -> str:
        self.number += 1
        id_ = id_ or f"s{self.number}"
        await self.socket.send(json.dumps([2, id_, action, payload]))
        return id_

    async def frame(self) -> list[Any]:
        async with asyncio.timeout(10):
            return json.loads(await self.socket.recv())

    async def call(self, action: str, payload: dict[str, Any] | None = None) -> dict[str, Any]:
        id_ = await self.ask(action, payload or {})
        frame = await self.frame()
        assert frame[:2] == [3, id_], frame
        return frame[2]

    async def refused(self, action: str, payload: dict[str, Any] | None = None) -> str:
        id_ = await self.ask(action, payload or {})
        frame = await self.frame()
        assert frame[:2] == [4, id_], frame
        return frame[2]

    async def answer(self, payload: dict[str, Any]) -> list[Any]:
        frame = await self.frame()
        assert frame[0] == 2, frame
        await self.socket.send(json.dumps([3, frame[1], payload]))
        return frame

    async def closed(self) -> tuple[int | None, str]:
        async with asyncio.timeout(10):
            await self.socket.wait_closed()
        return self.socket.close_code, self.socket.close_reason or ""


Build = Callable[..., Coroutine[Any, Any, House]]


@pytest.fixture(scope="session")
def empty_data(tmp_path_factory) -> Path:
    """A data directory with both files, made once."""
    made = tmp_path_factory.mktemp("empty")
    migrations.upgrade(made)
    return made


@pytest.fixture
async def build(tmp_path: Path, empty_data: Path) -> AsyncIterator[Build]:
    """Make a gateway with other settings than the usual ones."""
    houses: list[House] = []
    for name in ("ostler.db", "log.db"):
        shutil.copy(empty_data / name, tmp_path)

    async def make(*, start: bool = True, **settings: Any) -> House:
        usual: dict[str, Any] = {"host": "127.0.0.1", "port": 0, "sweep_s": 0.02, "drain_s": 5.0}
        house = House(tmp_path, GatewaySettings(**(usual | settings)))
        houses.append(house)
        if start:
            await house.gateway.start()
        return house

    yield make
    for house in houses:
        await house.gateway.stop()
        house.store.close()


@pytest.fixture
def gate():
    """Holds the writer up at every StatusNotification with the info "wait" until it is set."""
    GATE.clear()
    yield GATE
    GATE.set()


@pytest.fixture
async def house(build: Build) -> House:
    return await build()
