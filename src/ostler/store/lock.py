"""The data folder belongs to one server at a time; other commands work beside it."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

NAME = "ostler.lock"
PATIENCE_S = 1.0


class LockedError(Exception):
    """Another server holds the folder; `pid` is its process id (0 when it could not be read)."""

    def __init__(self, data_dir: Path, pid: int) -> None:
        super().__init__(
            f"Another Ostler server (process {pid}) already uses {data_dir}."
            " Stop it, or choose another folder with --data."
        )
        self.pid = pid


def prepare(data_dir: Path) -> None:
    """Make the folder if need be; a new one may be entered by its owner only."""
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)


class ServerLock:
    """Holds the folder from `with` to the end of the process, also after kill -9. Raises `LockedError`."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._file = -1

    def __enter__(self) -> Self:
        prepare(self._data_dir)
        self._file = _open(self._data_dir / NAME)
        until = time.monotonic() + PATIENCE_S
        while not _try(self._file, fcntl.LOCK_EX):
            # `holder` below takes the lock for an instant: one refusal means nothing yet.
            if time.monotonic() > until:
                pid = _read_pid(self._file)
                os.close(self._file)
                raise LockedError(self._data_dir, pid)
            time.sleep(0.02)
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._file)


def holder(data_dir: Path) -> int | None:
    """The process id of the server that holds the folder, or None."""
    path = data_dir / NAME
    if not path.exists():
        return None
    file = _open(path)
    try:
        return None if _try(file, fcntl.LOCK_SH) else _read_pid(file)
    finally:
        os.close(file)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Wait until nobody else is inside."""
    file = _open(path)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(file: int, kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read_pid(file: int) -> int:
    text = os.pread(file, 20, 0).strip()
    return int(text) if text.isdigit() else 0
