"""What to do with a file that SQLite can no longer read."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from pathlib import Path

SUFFIXES = ("", "-wal", "-shm")


def is_damage(error: BaseException) -> bool:
    """Whether `error` says that the file itself is broken (and not the statement, the disk or the rights)."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def put_aside(path: Path, now: datetime) -> Path:
    """Rename the database and what belongs to it to `<name>.damaged-<time>`; gives the new name."""
    aside = path.with_name(f"{path.name}.damaged-{now:%Y%m%dT%H%M%S%f}")
    for suffix in SUFFIXES:
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside
