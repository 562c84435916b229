"""The database for commands that run beside a server: one short transaction, no event loop."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from ostler.store import migrations
from ostler.store.database import Db, connect
from ostler.store.lock import prepare


@contextmanager
def open_database(data_dir: Path) -> Iterator[Db]:
    """A `Db` whose work is committed at the end of the block, or undone if it raises. Makes the folder if
    need be.

    Its events are told to nobody here: a running server notices the commit and reads its caches anew.
    """
    prepare(data_dir)
    migrations.upgrade(data_dir)
    with closing(connect(data_dir / "ostler.db")) as connection:
        db = Db(connection)
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield db
            db.flush()
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


@contextmanager
def read_database(data_dir: Path) -> Iterator[Db]:
    """A `Db` for reading only."""
    prepare(data_dir)
    migrations.upgrade(data_dir)
    with closing(connect(data_dir / "ostler.db", readonly=True)) as connection:
        yield Db(connection)
