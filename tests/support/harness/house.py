"""The gateway with its store, its bus and the real dialect, in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from harness.station import Station, open_station
from harness.waiting import until
from ostler.bus.local import Bus
from ostler.dialects.v16 import DIALECT
from ostler.domain.commands import Command, CommandResult
from ostler.gateway.gateway import Gateway
from ostler.gateway.settings import GatewaySettings
from ostler.services import stations, tokens
from ostler.services.stations import Fields
from ostler.services.tokens import NewToken
from ostler.store.database import Db
from ostler.store.store import Store

QUICK = {"host": "127.0.0.1", "port": 0, "sweep_s": 0.02, "drain_s": 5.0}


class House:
    """`data_dir` holds migrated databases. Use it inside the running loop; `stop` ends it."""

    def __init__(self, data_dir: Path, **settings: Any) -> None:
        self.bus = Bus()
        self.store = Store(data_dir, self.bus.publish)
        self.gateway = Gateway(
            self.store, self.bus, GatewaySettings(**(QUICK | settings)), {DIALECT.subprotocol: DIALECT}
        )

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.gateway.ports.plain}"

    @property
    def port(self) -> int:
        assert self.gateway.ports.plain is not None
        return self.gateway.ports.plain

    async def start(self) -> None:
        await self.gateway.start()

    async def stop(self) -> None:
        await self.gateway.stop()
        self.store.close()

    async def add(self, identity: str = "CP1", *, key: str | None = None, **fields: Any) -> int:
        return await self.store.write(
            stations.create, identity, Fields(**fields), key=key, now=datetime.now(UTC)
        )

    async def change(self, identity: str, **fields: Any) -> None:
        """Change a station's record and wait until the gateway acts on it."""
        await self.store.write(stations.change, identity, Fields(**fields), now=datetime.now(UTC))
        tasks = self.gateway._tasks._group._tasks
        # The sweep stays; what a station is asked is answered by the next step of a test.
        staying = {"sweep", "a trigger"}
        await until(lambda: {task.get_name() for task in tasks} <= staying)

    async def token(self, id_token: str, **fields: Any) -> None:
        new = NewToken(id_token=id_token, **fields)
        await self.store.write(tokens.create_token, new, now=datetime.now(UTC))

    async def order(self, identity: str, command: Command) -> CommandResult:
        async with asyncio.timeout(20):
            return await self.bus.command(identity, command)

    @asynccontextmanager
    async def station(self, identity: str = "CP1", **options: Any) -> AsyncIterator[Station]:
        async with open_station(self.url, identity, **options) as station:
            yield station

    async def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """What ostler.db holds."""
        return await self.store.read(_rows, sql, values)

    async def one(self, sql: str, **values: Any) -> dict[str, Any]:
        found = await self.rows(sql, **values)
        assert len(found) == 1, found
        return found[0]

    async def logged(self, identity: str = "CP1") -> list[dict[str, Any]]:
        """What log.db holds of a station, oldest first."""
        await self.store.write(lambda _db: None)
        sql = "SELECT * FROM messages WHERE station = :identity ORDER BY pk"
        return await self.store.read_log(_rows, sql, {"identity": identity})


def _rows(db: Db, sql: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = db._connection.execute(sql, values)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


@asynccontextmanager
async def running(data_dir: Path, **settings: Any) -> AsyncIterator[House]:
    """A house from start to stop."""
    house = House(data_dir, **settings)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(house.stop)
        await house.start()
        yield house
