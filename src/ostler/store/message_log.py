"""log.db: every OCPP message with its answer, in a file of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ostler.store.database import LogRow, connect
from ostler.store.schema import messages

COLUMNS = tuple("at" if name == "at_ms" else name for name in LogRow.__struct_fields__)
INSERT = f"INSERT INTO {messages.name} ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608 - our own names


class MessageLog:
    """Writes in the writer's thread. NORMAL, not FULL: a row may be lost with the power, never with the process.

    A fault here is remembered in `failure` and never reaches a station: transactions matter more than their log.
    """

    def __init__(self, path: Path) -> None:
        self._connection = connect(path, synchronous="NORMAL")
        self.failure: str | None = None
        self.lost = 0

    def write(self, rows: Sequence[LogRow]) -> None:
        """Insert `rows` in one transaction."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(INSERT, map(msgspec.structs.astuple, rows))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self.failure = str(error)
            self.lost += len(rows)
        else:
            self.failure = None

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
