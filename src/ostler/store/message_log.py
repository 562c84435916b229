"""log.db: every OCPP message with its answer, in a file of its own.

Damage to it, or its loss, never stops anything: the file is put aside and a new one begun.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import structlog

from ostler.store import migrations
from ostler.store.damage import is_damage, put_aside
from ostler.store.database import LogRow, connect
from ostler.store.settings import LogSettings

COLUMNS = ("pk", *("at" if name == "at_ms" else name for name in LogRow.__struct_fields__))
NAMES = ", ".join(f'"{name}"' for name in COLUMNS)
INSERT = f"INSERT INTO messages ({NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own names
LAST = "SELECT max(seq) FROM (SELECT max(pk) AS seq FROM messages UNION SELECT seq FROM sqlite_sequence)"
OLDEST = "SELECT at FROM messages ORDER BY pk LIMIT 1"
BITE = "DELETE FROM messages WHERE pk IN (SELECT pk FROM messages ORDER BY pk LIMIT 500)"
BITES_TAKE_S = 0.02
KEPT_ROWS = 20_000
DAY_MS = 86_400_000
Numbered = tuple[int, LogRow]
logger = structlog.get_logger()


class MessageLog:
    """Writes in the writer's thread. NORMAL, not FULL: a row may be lost with the power, never with the
    process.

    Rows that cannot be written (full disk) are kept in memory, up to `KEPT_ROWS`, and written later; `lost`
    counts the others, whose numbers stay free. `tail`, when set, gets the rows with their numbers in the
    event loop.
    """

    def __init__(
        self,
        path: Path,
        loop: asyncio.AbstractEventLoop,
        settings: LogSettings,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._loop = loop
        self._settings = settings
        self._clock = clock
        self._waiting: deque[Numbered] = deque()
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._next = 1
        self.tail: Callable[[list[Numbered]], None] | None = None
        self.failure: str | None = None
        self.lost = 0
        self.generation = 0
        """Rises when a new file was begun: readers open it anew."""
        self.suspect = False
        """Set by a reader that met damage; the file is then put aside at the next upkeep."""
        self._guarded(self._open)

    def write(self, rows: Sequence[LogRow]) -> None:
        """Number and insert `rows`."""
        first = self._next
        self._next += len(rows)
        numbered = list(zip(range(first, self._next), rows, strict=True))
        if self._waiting:
            self._waiting.extend(numbered)
            numbered = list(self._waiting)
        if self._guarded(lambda: self._insert(numbered)):
            self._waiting.clear()
            if self.tail is not None:
                self._loop.call_soon_threadsafe(self._follow, numbered)
        elif not self._waiting:
            self._waiting.extend(numbered)
        while len(self._waiting) > KEPT_ROWS:
            self._waiting.popleft()
            self.lost += 1

    def tend(self) -> None:
        """Write what waits, notice a lost file, delete what is too old or too much, in small bites."""
        if self.suspect:
            self._guarded(self._begin_anew)
        elif self._is_gone():
            self._guarded(self._open_again)
        if self._waiting:
            self.write(())
        if self.failure is None:
            self._guarded(self._thin_out)

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _follow(self, rows: list[Numbered]) -> None:
        if self.tail is not None:
            self.tail(rows)

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Do `work`, on a new file if the old one is damaged; tells whether it was done."""
        try:
            try:
                work()
            except sqlite3.DatabaseError as error:
                self._roll_back()
                if not is_damage(error):
                    raise
                logger.warning("log.db is damaged: it is put aside and a new one begun", error=str(error))
                self._begin_anew()
                if work != self._open:
                    work()
        except (sqlite3.Error, OSError) as error:
            self._roll_back()
            if self.failure is None:
                logger.warning("the message log cannot be written", error=str(error))
            self.failure = str(error)
            return False
        self.failure = None
        return True

    def _roll_back(self) -> None:
        if self._connection is not None and self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _open(self) -> None:
        migrations.create_if_new(self._path, "log")
        self._connection = connect(self._path, synchronous="NORMAL")
        self._inode = self._path.stat().st_ino
        [last] = self._connection.execute(LAST).fetchone()
        self._next = max(self._next, (last or 0) + 1)

    def _begin_anew(self) -> None:
        self.close()
        put_aside(self._path, datetime.fromtimestamp(self._clock(), UTC))
        self.suspect = False
        self._open_again()

    def _open_again(self) -> None:
        self.close()
        self.generation += 1
        self._open()

    def _is_gone(self) -> bool:
        try:
            return self._path.stat().st_ino != self._inode
        except OSError:
            return True

    def _insert(self, rows: list[Numbered]) -> None:
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERT, [(pk, *msgspec.structs.astuple(row)) for pk, row in rows])
        connection.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._open()
        assert self._connection is not None  # noqa: S101 - for the type checker: _open has just set it
        return self._connection

    def _thin_out(self) -> None:
        connection = self._opened()
        until = time.monotonic() + BITES_TAKE_S
        while time.monotonic() < until and self._too_much(connection):
            connection.execute(BITE)

    def _too_much(self, connection: sqlite3.Connection) -> bool:
        oldest = connection.execute(OLDEST).fetchone()
        if oldest is None:
            return False
        keep_days, max_mb = self._settings.keep_days, self._settings.max_mb
        if keep_days and oldest[0] < self._clock() * 1000 - keep_days * DAY_MS:
            return True
        return bool(max_mb) and used_bytes(connection) > max_mb * 1_000_000


def used_bytes(connection: sqlite3.Connection) -> int:
    """The room that rows take in the file (freed pages, which are used again, not counted)."""

    def pragma(name: str) -> Any:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    return int((pragma("page_count") - pragma("freelist_count")) * pragma("page_size"))
