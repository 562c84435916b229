"""The door to the database: one writer, a few readers."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Concatenate, NamedTuple, ParamSpec, TypeVar

from ostler.domain.events import Event
from ostler.store.damage import is_damage
from ostler.store.database import Db, connect
from ostler.store.message_log import MessageLog
from ostler.store.settings import LogSettings
from ostler.store.writer import Work, Writer

P = ParamSpec("P")
T = TypeVar("T")
READERS = 4
LOG = "log.db"


class Health(NamedTuple):
    """Each field is None while all is well, else a sentence. Without the database no station can be answered;
    without the log they can.
    """

    database: str | None
    log: str | None

    @property
    def ok(self) -> bool:
        """Whether stations can be served."""
        return self.database is None


class Reader(NamedTuple):
    """A reading connection, and which file it belongs to (log.db may be begun anew)."""

    connection: sqlite3.Connection
    generation: int


class Store:
    """`ostler.db` and `log.db` of one data directory, open for this process's event loop.

    Create it inside the running loop, after `migrations.upgrade(data_dir)`. `on_foreign_write` may be set; it
    is called in the event loop within about a second after another process has written.
    """

    def __init__(
        self,
        data_dir: Path,
        publish: Callable[[Sequence[Event]], None],
        *,
        log: LogSettings = LogSettings(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.data_dir = data_dir
        loop = asyncio.get_running_loop()
        self.log = MessageLog(data_dir / LOG, loop, log, clock)
        self.on_foreign_write: Callable[[], None] | None = None
        self.writer = Writer(connect(data_dir / "ostler.db"), self.log, publish, loop, self._foreign_write)
        self._readers = ThreadPoolExecutor(READERS, "ostler-reader")
        self._local = threading.local()
        self._opened: set[sqlite3.Connection] = set()
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

    async def read_log(
        self, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """The same on log.db."""
        return await self._read(LOG, function, *args, **kwargs)

    def health(self) -> Health:
        """Whether what stations tell can be kept."""
        return Health(self.writer.failure, self.log.failure)

    async def drain(self) -> None:
        """Wait until all that is queued now is committed and answered."""
        with suppress(sqlite3.Error):  # the disk is full or gone: whoever waited has been told so
            await self.write(lambda _: None)

    def close(self) -> None:
        """Write what is queued, then close everything."""
        self.writer.stop()
        self._readers.shutdown()
        for connection in self._opened:
            connection.close()
        self.writer.close()
        self.log.close()

    def _foreign_write(self) -> None:
        if self.on_foreign_write is not None:
            self.on_foreign_write()

    async def _read(
        self, file: str, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def run() -> T:
            try:
                return in_snapshot(self._reader(file), function, *args, **kwargs)
            except sqlite3.DatabaseError as error:
                if file == LOG and is_damage(error):
                    self.log.suspect = True
                raise

        return await asyncio.get_running_loop().run_in_executor(self._readers, run)

    def _reader(self, file: str) -> sqlite3.Connection:
        generation = self.log.generation if file == LOG else 0
        found: Reader | None = getattr(self._local, file, None)
        if found is not None and found.generation != generation:
            self._opened.discard(found.connection)
            found.connection.close()
            found = None
        if found is None:
            found = Reader(connect(self.data_dir / file, readonly=True), generation)
            setattr(self._local, file, found)
            self._opened.add(found.connection)
        return found.connection


def in_snapshot(
    connection: sqlite3.Connection,
    function: Callable[Concatenate[Db, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run `function(db, ...)` so that all its queries see the same state."""
    connection.execute("BEGIN")
    try:
        return function(Db(connection), *args, **kwargs)
    finally:
        connection.execute("ROLLBACK")
