"""One database connection as services see it."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Dialect
from sqlalchemy.dialects import sqlite

from ostler.domain.events import Event
from ostler.store.statements import Query, Write

T = TypeVar("T")
WRITER_CACHE_KIB = 32_000
READER_CACHE_KIB = 4_000
REMEMBERED_STATIONS = 5_000
_NOTHING: dict[Any, Any] = {}
SQLITE: Dialect = sqlite.dialect(paramstyle="qmark")


class LogRow(msgspec.Struct, kw_only=True):
    """One OCPP message with its answer, on its way into log.db (columns of `schema.messages`)."""

    station: str
    epoch: int
    direction: str
    action: str
    message_id: str
    at_ms: int
    latency_us: int | None
    outcome: str
    error_code: str = ""
    request: str = ""
    response: str = ""
    deviations: str | None = None
    connector: int | None = None
    transaction: str | None = None


class Db:
    """A connection inside a transaction: run statements, collect rows of which there are many, emit events.

    A unit of work gets it as first argument and touches nothing else, so that it can be run again.
    """

    __slots__ = ("_connection", "_dialect", "_many", "_soon", "events", "log_rows", "memory")

    def __init__(self, connection: sqlite3.Connection, dialect: Dialect = SQLITE) -> None:
        self._connection = connection
        self._dialect = dialect
        self._many: defaultdict[Write, list[list[Any]]] = defaultdict(list)
        self._soon: dict[int, dict[Any, tuple[Write, list[Any]]]] = {}
        self.memory: dict[int, dict[Any, Any]] = {}
        """What services remember of a station (by its pk) from one unit of work to the next."""
        self.events: list[Event] = []
        self.log_rows: list[LogRow] = []

    def run(self, statement: Write, **values: Any) -> int:
        """Execute; gives the number of rows touched."""
        compiled = statement.compiled(self._dialect)
        return self._connection.execute(compiled.sql, compiled.arguments(values)).rowcount

    def insert(self, statement: Write, **values: Any) -> int:
        """Execute an INSERT; gives the new row's pk."""
        compiled = statement.compiled(self._dialect)
        key = self._connection.execute(compiled.sql, compiled.arguments(values)).lastrowid
        if key is None:
            text = f"no row was inserted by {compiled.sql}"
            raise RuntimeError(text)
        return key

    def later(self, statement: Write, **values: Any) -> None:
        """Collect a row; all rows of one statement are written at once just before the commit."""
        self._many[statement].append(statement.compiled(self._dialect).arguments(values))

    def soon(self, station: int, key: Any, statement: Write, /, **values: Any) -> None:
        """Write a row before the commit; a later call for the same `station` and `key` replaces it.

        Until then only `memory` knows it: whoever reads such rows by SQL calls `settle` first.
        """
        waiting = self._soon.get(station)
        if waiting is None:
            waiting = self._soon[station] = {}
        elif key in waiting and waiting[key][0] is not statement:
            self.settle(station)  # two statements may write the same column: the later one has the last word
            waiting = self._soon[station] = {}
        waiting[key] = (statement, statement.compiled(self._dialect).arguments(values))

    def settle(self, station: int) -> None:
        """Write now what waits of a station."""
        for statement, arguments in self._soon.pop(station, _NOTHING).values():
            self._connection.execute(statement.compiled(self._dialect).sql, arguments)

    def remember(self, station: int, key: Any, value: Any) -> None:
        """Keep `value`, which must be what the database says of `key`, for the next unit of work."""
        known = self.memory.get(station)
        if known is None:
            if len(self.memory) >= REMEMBERED_STATIONS:
                self.memory.clear()
            known = self.memory[station] = {}
        known[key] = value

    def one(self, query: Query[T], **values: Any) -> T | None:
        """The first row, or None."""
        compiled = query.compiled(self._dialect)
        row = self._connection.execute(compiled.sql, compiled.arguments(values)).fetchone()
        if row is None:
            return None
        if compiled.result:
            row = list(row)
            for index, convert in compiled.result:
                row[index] = convert(row[index])
        return query.into(row)

    def all(self, query: Query[T], **values: Any) -> list[T]:
        """All rows."""
        return list(self.each(query, **values))

    def each(self, query: Query[T], **values: Any) -> Iterable[T]:
        """All rows, one at a time."""
        compiled = query.compiled(self._dialect)
        into = query.into
        for row in self._connection.execute(compiled.sql, compiled.arguments(values)):
            if compiled.result:
                changed = list(row)
                for index, convert in compiled.result:
                    changed[index] = convert(changed[index])
                yield into(changed)
            else:
                yield into(row)

    def emit(self, event: Event) -> None:
        """Tell `event` to the world after the commit, and only then."""
        self.events.append(event)

    def log(self, row: LogRow) -> None:
        """Write `row` to the message log together with this unit of work."""
        self.log_rows.append(row)

    def flush(self) -> None:
        """Write the collected rows (the writer calls it before the commit)."""
        if self._soon:
            for waiting in self._soon.values():
                for statement, arguments in waiting.values():
                    self._many[statement].append(arguments)
            self._soon.clear()
        for statement, rows in self._many.items():
            self._connection.executemany(statement.compiled(self._dialect).sql, rows)
        self._many.clear()

    def forget(self, events: int = 0, log_rows: int = 0) -> None:
        """Drop what was collected after the first `events` and `log_rows` (the writer calls it after a
        rollback).
        """
        self._many.clear()
        self._soon.clear()
        self.memory.clear()
        del self.events[events:]
        del self.log_rows[log_rows:]


def connect(path: Path, *, synchronous: str = "FULL", readonly: bool = False) -> sqlite3.Connection:
    """Open an SQLite file in WAL mode. `synchronous` FULL survives power loss, NORMAL survives kill -9.

    Transactions are begun and committed by hand. Waits up to 10 s for another process's write. A new file may
    be read by its owner only: it holds hashes of keys. Raises `sqlite3.DatabaseError` when the file is no
    database.
    """
    if not readonly:
        path.touch(mode=0o600)  # SQLite gives the -wal and -shm files the same rights
    connection = sqlite3.connect(
        path, timeout=10, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB if readonly else WRITER_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
        # The same pages change again and again: copy them home seldom (32 MB), not every thousand pages.
        connection.execute("PRAGMA wal_autocheckpoint = 8000")
        # A burst may make the write-ahead log long; give the room back at the next checkpoint.
        connection.execute("PRAGMA journal_size_limit = 67108864")
        if readonly:
            connection.execute("PRAGMA query_only = ON")
    except sqlite3.Error:
        connection.close()
        raise
    return connection
