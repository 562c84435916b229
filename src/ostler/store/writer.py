"""The one writer: it takes everything that is queued, runs it in one database transaction, commits once, then answers.

A unit of work is a plain synchronous function `f(db, *args)`. If one raises, the batch is rolled back and run again
with a savepoint around each, so that one bad row never takes others with it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

from ostler.domain.events import Event
from ostler.store.database import Db, LogRow

P = ParamSpec("P")
T = TypeVar("T")


class Work(NamedTuple):
    """One queued unit of work; `done(result, error)` is called in the event loop after the commit."""

    function: Callable[..., Any]
    args: tuple[Any, ...]
    done: Callable[[Any, BaseException | None], None]


class LogSink(Protocol):
    """Where the message log goes; must not raise."""

    def write(self, rows: Sequence[LogRow]) -> None:
        """Make `rows` durable."""


class Writer:
    """Owns the writing connection and its thread. `publish` gets the events of each commit, in the event loop."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        log: LogSink,
        publish: Callable[[list[Event]], None],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self._connection = connection
        self._db = Db(connection)
        self._log = log
        self._publish = publish
        self._loop = loop
        self._queue: list[Work] = []
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="ostler-writer")
        self.commits = 0
        self.failure: str | None = None
        """Why the last commit failed, or None while all is well (readiness shows it)."""

    def start(self) -> None:
        """Begin to take work."""
        self._thread.start()

    def submit(self, work: Work) -> None:
        """Queue `work` from the event loop."""
        self._queue.append(work)
        if not self._wake.is_set():
            self._wake.set()

    def write(self, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs) -> asyncio.Future[T]:
        """Queue `function(db, *args)`; the future ends after the commit, or with what the function raised."""
        future: asyncio.Future[T] = self._loop.create_future()

        def done(result: Any, error: BaseException | None) -> None:
            if future.done():
                return  # the waiter was cancelled; the work stands all the same
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self.submit(Work(lambda db: function(db, *args, **kwargs), (), done))
        return future

    def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def close(self) -> None:
        """Close the connection, after `stop`."""
        self._connection.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            batch, self._queue = self._queue, []
            if batch:
                self._commit(batch)
            elif self._stopping:
                return
            if self._queue or self._stopping:
                self._wake.set()

    def _commit(self, batch: list[Work]) -> None:
        db = self._db
        try:
            results = self._together(batch)
        except Exception:  # noqa: BLE001 - whatever it was, each unit of work now answers for itself
            results = self._one_by_one(batch)
        rows, db.log_rows = db.log_rows, []
        events, db.events = db.events, []
        if rows:
            self._log.write(rows)
        self._loop.call_soon_threadsafe(self._release, batch, results, events)

    def _together(self, batch: list[Work]) -> list[tuple[Any, BaseException | None]]:
        db = self._db
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            results = [(work.function(db, *work.args), None) for work in batch]
            db.flush()
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._healthy()
        return list(results)

    def _one_by_one(self, batch: list[Work]) -> list[tuple[Any, BaseException | None]]:
        results: list[tuple[Any, BaseException | None]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for work in batch:
                results.append(self._guarded(work))
            self._connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001 - the disk is full or gone: nobody may be answered
            self._roll_back()
            self.failure = str(error)
            return [(None, error)] * len(batch)
        self._healthy()
        return results

    def _guarded(self, work: Work) -> tuple[Any, BaseException | None]:
        db = self._db
        events, rows = len(db.events), len(db.log_rows)
        self._connection.execute("SAVEPOINT work")
        try:
            result = work.function(db, *work.args)
            db.flush()
        except Exception as error:  # noqa: BLE001 - it becomes this caller's answer
            self._connection.execute("ROLLBACK TO work")
            self._connection.execute("RELEASE work")
            kept_events, kept_rows = db.events[:events], db.log_rows[:rows]
            db.forget()
            db.events, db.log_rows = kept_events, kept_rows
            return None, error
        self._connection.execute("RELEASE work")
        return result, None

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        self._db.forget()

    def _healthy(self) -> None:
        self.commits += 1
        self.failure = None

    def _release(
        self,
        batch: list[Work],
        results: list[tuple[Any, BaseException | None]],
        events: list[Event],
    ) -> None:
        for work, (result, error) in zip(batch, results, strict=True):
            work.done(result, error)
        if events:
            self._publish(events)
