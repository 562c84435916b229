"""The one writer: it takes everything that is queued, runs it in one database transaction, commits once, then
answers.

A unit of work is a plain synchronous function `f(db, *args)`. If one raises, the batch is rolled back and run
again with a savepoint around each, so that one bad row never takes others with it.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Concatenate, NamedTuple, ParamSpec, Protocol, TypeVar

import structlog

from ostler.domain.events import Event
from ostler.store.database import Db, LogRow

P = ParamSpec("P")
T = TypeVar("T")
Outcome = tuple[Any, BaseException | None]
TICK_S = 1.0
PROBE_S = 2.0
logger = structlog.get_logger()


class ClosedError(Exception):
    """The store is closed: nothing more is written."""


EVERYTHING = -1
NOTHING = 0


class Work(NamedTuple):
    """One queued unit of work; `done(result, error)` is called in the event loop after the commit.

    `touches` says which of the things that services remember (`Db.memory`) it may change: those of the
    station with that pk (it then sees to them itself), `EVERYTHING`, or `NOTHING`.
    """

    function: Callable[..., Any]
    args: tuple[Any, ...]
    done: Callable[[Any, BaseException | None], None]
    touches: int = EVERYTHING


class LogSink(Protocol):
    """Where the message log goes; must not raise. Both are called in the writer's thread."""

    def write(self, rows: Sequence[LogRow]) -> None:
        """Make `rows` durable."""

    def tend(self) -> None:
        """Called about once a second for upkeep."""


class Writer:
    """Owns the writing connection and its thread.

    `publish` gets the events of each commit and `on_foreign_write` is called when another process has
    written; both in the event loop.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        log: LogSink,
        publish: Callable[[list[Event]], None],
        loop: asyncio.AbstractEventLoop,
        on_foreign_write: Callable[[], None] = lambda: None,
    ) -> None:
        self._connection = connection
        self._db = Db(connection)
        self._log = log
        self._publish = publish
        self._loop = loop
        self._on_foreign_write = on_foreign_write
        # A deque, because popping single items is atomic: a list swapped under an append could lose work.
        self._queue: deque[Work] = deque()
        self._wake = threading.Event()
        self._stopping = False
        # A daemon: a store that somebody forgot to close must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="ostler-writer", daemon=True)
        self._data_version = self._read_data_version()
        self._next_tick = time.monotonic() + TICK_S
        self._next_probe = 0.0
        self.commits = 0
        self.commit_seconds = 0.0
        """Time spent in all batches so far, from BEGIN to the end of COMMIT."""
        self.failure: str | None = None
        """Why the last commit failed, or None while all is well (readiness shows it)."""

    @property
    def queued(self) -> int:
        """How many units of work wait for the next batch."""
        return len(self._queue)

    def start(self) -> None:
        """Begin to take work."""
        self._thread.start()

    def submit(self, work: Work) -> None:
        """Queue `work` from the event loop; after `stop` it is answered with `ClosedError`."""
        if self._stopping:
            self._loop.call_soon(
                work.done, None, ClosedError("The database is closed: the server is stopping.")
            )
            return
        self._queue.append(work)
        if not self._wake.is_set():
            self._wake.set()

    def write(
        self, function: Callable[Concatenate[Db, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> asyncio.Future[T]:
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
        """Commit what is queued, then end the thread. The answers leave with the loop's next turn."""
        self._stopping = True
        self._wake.set()
        self._thread.join()

    def close(self) -> None:
        """Close the connection, after `stop`."""
        self._connection.close()

    def _run(self) -> None:
        while True:
            self._wake.wait(TICK_S)
            self._wake.clear()
            batch = [self._queue.popleft() for _ in range(len(self._queue))]
            if batch:
                self._commit(batch)
            elif self._stopping:
                return
            if self._queue or self._stopping:
                self._wake.set()
            if time.monotonic() >= self._next_tick:
                self._tick()

    def _tick(self) -> None:
        self._next_tick = time.monotonic() + TICK_S
        self._spared(self._log.tend)
        try:
            if self.failure is not None and time.monotonic() >= self._next_probe:
                self._probe()
            self._notice_others()
        except sqlite3.Error as error:
            self._failed(error)

    def _notice_others(self) -> None:
        """Forget what services remember when another process has written."""
        version = self._read_data_version()
        if version != self._data_version:
            self._data_version = version
            self._db.memory.clear()
            self._tell(self._on_foreign_write)

    def _read_data_version(self) -> int:
        """A number that changes when another connection has committed (never by our own commits)."""
        [version] = self._connection.execute("PRAGMA data_version").fetchone()
        return int(version)

    def _probe(self) -> None:
        """After a failure: try whether a write goes through again, with a number that nobody reads."""
        self._next_probe = time.monotonic() + PROBE_S
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(f"PRAGMA user_version = {int(time.time()) & 0x7FFFFFFF}")
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            self._roll_back()
            raise
        self._healthy()

    def _commit(self, batch: list[Work]) -> None:
        db = self._db
        started = time.monotonic()
        try:
            results = self._run_batch(batch)
        except BaseException as error:  # noqa: BLE001 - disk full, file gone, a bug of ours: nobody may be answered
            self._failed(error)
            results = [(None, error)] * len(batch)
        self.commit_seconds += time.monotonic() - started
        rows, db.log_rows = db.log_rows, []
        events, db.events = db.events, []
        if rows:
            self._spared(lambda: self._log.write(rows))
        self._tell(self._release, batch, results, events)

    def _run_batch(self, batch: list[Work]) -> list[Outcome]:
        """Run and commit `batch`; raises when the database, not a unit of work, is at fault."""
        db = self._db
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._notice_others()  # only now that nobody else can write is the answer sure
            try:
                results: list[Outcome] = [(self._one(work), None) for work in batch]
                db.flush()
            except BaseException:  # noqa: BLE001 - whatever it was, each unit of work now answers for itself
                self._roll_back()
                self._connection.execute("BEGIN IMMEDIATE")
                results = [self._guarded(work) for work in batch]
            self._connection.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        self._healthy()
        return results

    def _one(self, work: Work) -> Any:
        if work.touches != EVERYTHING:
            return work.function(self._db, *work.args)
        self._db.flush()
        result = work.function(self._db, *work.args)
        self._db.memory.clear()
        return result

    def _guarded(self, work: Work) -> Outcome:
        db = self._db
        events, rows = len(db.events), len(db.log_rows)
        self._connection.execute("SAVEPOINT work")
        try:
            result = self._one(work)
            db.flush()
        except BaseException as error:
            if not self._connection.in_transaction:
                # SQLite gave up the whole transaction (full disk, I/O error): what ran before is undone too
                raise
            self._connection.execute("ROLLBACK TO work")
            self._connection.execute("RELEASE work")
            db.forget(events, rows)
            if is_fatal(error):
                raise
            return None, error
        self._connection.execute("RELEASE work")
        return result, None

    def _roll_back(self) -> None:
        self._db.forget()
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    def _healthy(self) -> None:
        self.commits += 1
        if self.failure is not None:
            self.failure = None
            logger.info("the database can be written again")

    def _failed(self, error: BaseException) -> None:
        if self.failure is None:
            logger.error("the database cannot be written; stations are asked to try again", error=str(error))
        self.failure = str(error) or type(error).__name__
        self._next_probe = time.monotonic() + PROBE_S

    def _spared(self, work: Callable[[], None]) -> None:
        """Do what the log asks for; whatever goes wrong with it, stations get their answers."""
        try:
            work()
        except Exception:  # a bug there would end this thread, and nobody were served any more
            logger.exception("the message log failed")

    def _tell(self, callback: Callable[..., None], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:
            # The loop is closed: nobody is left to be answered, and what was committed stands.
            logger.warning("the event loop ended before the store was closed")

    def _release(self, batch: list[Work], results: list[Outcome], events: list[Event]) -> None:
        for work, (result, error) in zip(batch, results, strict=True):
            try:
                work.done(result, error)
            except Exception as fault:  # noqa: BLE001 - one listener's fault must not keep others from their answers
                self._report("a callback after a commit failed", fault)
        if events:
            try:
                self._publish(events)
            except Exception as fault:  # noqa: BLE001 - as above
                self._report("publishing events failed", fault)

    def _report(self, message: str, fault: Exception) -> None:
        self._loop.call_exception_handler({"message": message, "exception": fault})


def is_fatal(error: BaseException) -> bool:
    """Whether the disk or the file is at fault and not the statement: then no unit of work of the batch can
    be kept.
    """
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in FATAL


FATAL = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_READONLY,
    }
)
