"""The door to the database: one writer, a few readers."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from ostler.domain.events import Event
from ostler.store.database import Db, connect
from ostler.store.message_log import MessageLog
from ostler.store.writer import Work, Writer

P = ParamSpec("P")
T = TypeVar("T")
READERS = 4


class Store:
    """`ostler.db` and `log.db` of one data directory, open for this process's event loop.

    Create it inside the running loop, after `migrations.upgrade(data_dir)`.
    """

    def __init__(self, data_dir: Path, publish: Callable[[list[Event]], None]) -> None:
        self.data_dir = data_dir
        self.log = MessageLog(data_dir / "log.db")
        loop = asyncio.get_running_loop()
        self.writer = Writer(connect(data_dir / "ostler.db"), self.log, publish, loop)
        self._readers = ThreadPoolExecutor(READERS, "ostler-reader")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self.writer.start()

    def submit(self, work: Work) -> None:
        """Queue a unit of work whose `done` is called back: the cheap way, for the messages of stations."""
        self.writer.submit(work)

    async def write(self, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(db, ...)` in the writer; returns after the commit, raises what it raised."""
        return await self.writer.write(function, *args, **kwargs)

    async def read(self, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function(db, ...)` on a reader's snapshot of ostler.db, in a thread."""
        return await self._read("ostler.db", function, *args, **kwargs)

    async def read_log(self, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The same on log.db."""
        return await self._read("log.db", function, *args, **kwargs)

    async def _read(
        self, file: str, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def run() -> T:
            connection = self._reader(file)
            connection.execute("BEGIN")
            try:
                return function(Db(connection), *args, **kwargs)
            finally:
                connection.execute("ROLLBACK")

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    def _reader(self, file: str) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, file, None)
        if found is None:
            found = connect(self.data_dir / file, readonly=True)
            setattr(self._local, file, found)
            self._opened.append(found)
        return found

    def close(self) -> None:
        """Write what is queued, then close everything."""
        self.writer.stop()
        self._readers.shutdown()
        for connection in self._opened:
            connection.close()
        self.writer.close()
        self.log.close()
