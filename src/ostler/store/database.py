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
SQLITE: Dialect = sqlite.dialect(paramstyle="qmark")  # type: ignore[no-untyped-call]


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

    __slots__ = ("_connection", "_dialect", "_many", "events", "log_rows")

    def __init__(self, connection: sqlite3.Connection, dialect: Dialect = SQLITE) -> None:
        self._connection = connection
        self._dialect = dialect
        self._many: defaultdict[Write, list[list[Any]]] = defaultdict(list)
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
        """Collect a row; all rows of one statement are written by one `executemany` just before the commit."""
        self._many[statement].append(statement.compiled(self._dialect).arguments(values))

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
        for statement, rows in self._many.items():
            self._connection.executemany(statement.compiled(self._dialect).sql, rows)
        self._many.clear()

    def forget(self) -> None:
        """Drop what was collected (the writer calls it after a rollback)."""
        self._many.clear()
        self.events.clear()
        self.log_rows.clear()


def connect(path: Path, *, synchronous: str = "FULL", readonly: bool = False) -> sqlite3.Connection:
    """Open an SQLite file in WAL mode. `synchronous` FULL survives power loss, NORMAL survives kill -9.

    Transactions are begun and committed by hand. Waits up to 10 s for another process's write.
    """
    connection = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False, cached_statements=512)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA synchronous = {synchronous}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -32000")
    connection.execute("PRAGMA temp_store = MEMORY")
    if readonly:
        connection.execute("PRAGMA query_only = ON")
    return connection
