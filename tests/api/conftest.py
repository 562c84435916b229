from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar import Litestar

from ostler.api.application import dress, make_litestar
from ostler.api.house import House
from ostler.api.settings import ApiSettings
from ostler.bus.local import Bus
from ostler.domain.commands import Command, CommandResult
from ostler.domain.words import Result, Role
from ostler.services import accounts, stations
from ostler.services.stations import Fields
from ostler.store import migrations
from ostler.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Clock:
    """Time that passes only when a test says so."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time

    def advance(self, **how: float) -> None:
        self.time += timedelta(**how)


class Holder:
    """A station's connection that notes its orders and answers as told."""

    def __init__(self) -> None:
        self.orders: list[Command] = []
        self.result = CommandResult(result=Result.ACCEPTED, detail="Done.")
        self.before: Callable[[Command], Awaitable[CommandResult]] | None = None

    async def execute(self, command: Command) -> CommandResult:
        self.orders.append(command)
        return await self.before(command) if self.before else self.result

    def close(self, code: int, reason: str) -> None:
        raise AssertionError


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Empty databases, made once."""
    folder = tmp_path_factory.mktemp("migrated")
    migrations.upgrade(folder)
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, migrated: Path) -> Path:
    for file in migrated.glob("*.db"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
async def store(data_dir: Path, bus: Bus) -> AsyncIterator[Store]:
    opened = Store(data_dir, bus.publish)
    yield opened
    await asyncio.to_thread(opened.close)


@pytest.fixture
def draining() -> asyncio.Event:
    return asyncio.Event()


@pytest.fixture
def settings() -> ApiSettings:
    """Tests of another mode give another one."""
    return ApiSettings()


@pytest.fixture(scope="session")
def litestar() -> Litestar:
    """The routes, made once: it takes a fifth of a second."""
    return make_litestar()


@pytest.fixture
def house(store: Store, bus: Bus, settings: ApiSettings, draining: asyncio.Event, clock: Clock) -> House:
    return House(store, bus, settings, draining=draining, clock=clock)


@pytest.fixture
def app(litestar: Litestar, house: House) -> Any:
    return dress(litestar, house)


@pytest.fixture
async def connect(app: Any) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Makes clients of any address and headers."""
    async with AsyncExitStack() as stack:

        async def enter(
            *, address: str = "192.0.2.7", url: str = "http://ostler.test", app: Any = app, **headers: str
        ) -> httpx.AsyncClient:
            transport = httpx.ASGITransport(app, raise_app_exceptions=False, client=(address, 40000))
            client = httpx.AsyncClient(transport=transport, base_url=url, headers=headers)
            return await stack.enter_async_context(client)

        yield enter


@pytest.fixture
def token_for(store: Store) -> Callable[[Role], Awaitable[str]]:
    """Makes an API token of a role."""

    async def make(role: Role) -> str:
        token = f"ost_{role.value}"
        await store.write(accounts.create_api_token, name=role.value, role=role, token=token, now=NOW)
        return token

    return make


@pytest.fixture
async def anonymous(connect: Any) -> httpx.AsyncClient:
    return await connect()


@pytest.fixture
async def administrator(connect: Any, token_for: Any) -> httpx.AsyncClient:
    token = await token_for(Role.ADMINISTRATOR)
    return await connect(authorization=f"Bearer {token}")


@pytest.fixture
async def operator(connect: Any, token_for: Any) -> httpx.AsyncClient:
    token = await token_for(Role.OPERATOR)
    return await connect(authorization=f"Bearer {token}")


@pytest.fixture
async def viewer(connect: Any, token_for: Any) -> httpx.AsyncClient:
    token = await token_for(Role.VIEWER)
    return await connect(authorization=f"Bearer {token}")


@pytest.fixture
async def station(store: Store) -> int:
    """The pk of the known station CP1."""
    return await store.write(stations.create, "CP1", Fields(name="Garage"), now=NOW)


@pytest.fixture
async def holder(bus: Bus, station: int) -> Holder:
    """CP1 is connected."""
    found = Holder()
    bus.hold("CP1", found)
    return found


@pytest.fixture
async def audit(administrator: httpx.AsyncClient) -> Callable[[], Awaitable[list[tuple[str, str, str]]]]:
    """What the audit holds: actor, action, target; the latest first."""

    async def read() -> list[tuple[str, str, str]]:
        items = (await administrator.get("/api/v1/audit")).json()["items"]
        return [(item["actor"], item["action"], item["target"]) for item in items]

    return read
