"""Full disks, killed processes, damaged files."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import NamedTuple

import pytest
from sqlalchemy import bindparam, insert, select

from ostler.store import migrations
from ostler.store.database import connect
from ostler.store.lock import ServerLock
from ostler.store.migrations import create_if_new
from ostler.store.schema import settings as table
from ostler.store.statements import Query, Write
from ostler.store.store import Store

ADD = Write(insert(table).values(name=bindparam("name"), value=bindparam("value")))


class Name(NamedTuple):
    name: str


NAMES = Query(select(table.c.name), into=Name)


def names(db):
    return {row.name for row in db.all(NAMES)}


def add(db, name, size=10):
    db.run(ADD, name=name, value="x" * size)


def query(db, sql):
    return db._connection.execute(sql).fetchall()


def limit(db, pages):
    """What a full disk does: SQLite may use no more pages than this."""
    db._connection.execute(f"PRAGMA max_page_count = {pages}")


async def fill(store):
    await store.write(limit, 1)  # never below what is used: no page is free from now on
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await store.write(add, "too much", 100_000)


async def test_on_a_full_disk_everybody_in_the_batch_is_told(store):
    await fill(store)
    results = await asyncio.gather(
        *(store.write(add, f"n{n}", 100_000) for n in range(5)), return_exceptions=True
    )

    assert {type(result) for result in results} == {sqlite3.OperationalError}
    assert "full" in store.health().database
    assert not store.health().ok


async def test_room_on_the_disk_brings_the_service_back_by_itself(store):
    await fill(store)
    connection = store.writer._connection

    await asyncio.to_thread(until, lambda: store.writer.failure is None)
    await store.write(limit, 1_000_000)
    await store.write(add, "after", 100_000)

    assert store.health().ok
    assert await store.read(names) == {"after"}
    assert connection is store.writer._connection


def until(condition, patience_s=10):
    """Wait for another thread; returns as soon as `condition` holds."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


CHILD = """
import asyncio, sys
from pathlib import Path
from ostler.store.store import Store
from tests_child import add

async def main():
    store = Store(Path(sys.argv[1]), lambda _: None)
    async def station(number):
        for turn in range(100000):
            name = f"{number}-{turn}"
            await store.write(add, name)
            print(name, flush=True)
    await asyncio.gather(*(station(n) for n in range(20)))
asyncio.run(main())
"""
HELPER = """
from sqlalchemy import bindparam, insert
from ostler.store.schema import settings as table
from ostler.store.statements import Write
ADD = Write(insert(table).values(name=bindparam("name"), value=bindparam("value")))
def add(db, name):
    db.run(ADD, name=name, value=1)
"""


@pytest.mark.parametrize("lines", [1, 57, 400])
def test_after_kill_9_everything_acknowledged_is_stored(data_dir, tmp_path, lines):
    (tmp_path / "tests_child.py").write_text(HELPER)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    )
    acknowledged = {child.stdout.readline().strip() for _ in range(lines)}
    child.send_signal(signal.SIGKILL)
    acknowledged |= set(child.stdout.read().splitlines())
    child.wait()
    child.stdout.close()

    connection = connect(data_dir / "ostler.db")
    stored = [name for (name,) in connection.execute("SELECT name FROM settings")]
    connection.close()

    assert acknowledged - set(stored) == set()
    assert len(stored) == len(set(stored))
    assert len(stored) >= lines


async def test_a_damaged_log_is_put_aside_and_a_new_one_begun(data_dir, row):
    (data_dir / "log.db").write_bytes(b"this is no database" * 1000)

    store = Store(data_dir, lambda _: None)
    await store.write(lambda db: db.log(row()))
    logged = await store.read_log(query, "SELECT station FROM messages")
    store.close()

    assert logged == [("CP1",)]
    assert len(list(data_dir.glob("log.db.damaged-*"))) == 1


async def test_a_log_that_is_damaged_while_we_run_stops_nothing(store, data_dir, row):
    await store.write(lambda db: db.log(row()))
    with (data_dir / "log.db").open("r+b") as file:
        file.write(b"\xff" * 4096)
    (data_dir / "log.db-wal").write_bytes(b"")

    with pytest.raises(sqlite3.DatabaseError):
        await store.read_log(query, "SELECT action FROM messages")
    await store.write(lambda _: store.log.tend())
    await store.write(lambda db: db.log(row(action="Later")))
    actions = await store.read_log(query, "SELECT DISTINCT action FROM messages")

    assert ("Later",) in actions
    assert store.health() == (None, None)


async def test_a_log_that_was_deleted_is_begun_anew(store, data_dir, row):
    await store.write(lambda db: db.log(row()))
    (data_dir / "log.db").unlink()
    await store.write(lambda _: store.log.tend())
    await store.write(lambda db: db.log(row(action="After")))

    actions = await store.read_log(query, "SELECT pk, action FROM messages")

    assert actions == [(2, "After")]


async def test_a_log_that_cannot_be_written_loses_no_row_and_stops_nobody(store, row):
    def full(_db, pages):
        store.log._connection.execute(f"PRAGMA max_page_count = {pages}")

    await store.write(full, 1)
    await store.write(lambda db: db.log(row(request="x" * 100_000)))
    failure = store.health().log
    ok = store.health().ok
    await store.write(full, 1_000_000)
    await store.write(lambda db: db.log(row()))
    pks = await store.read_log(query, "SELECT pk FROM messages")

    assert "full" in failure
    assert ok
    assert pks == [(1,), (2,)]
    assert store.health().log is None


async def test_a_log_that_another_program_replaced_is_used_and_not_put_aside(store, data_dir, row):
    await store.write(lambda db: db.log(row()))
    (data_dir / "log.db").rename(data_dir / "away.db")
    create_if_new(data_dir / "log.db", "log")
    await store.write(lambda _: store.log.tend())
    await store.write(lambda db: db.log(row(action="After")))

    assert await store.read_log(query, "SELECT action FROM messages") == [("After",)]
    assert list(data_dir.glob("log.db.damaged-*")) == []


async def test_a_log_in_which_no_tables_can_be_made_is_reported_and_stops_nobody(store, data_dir):
    for file in data_dir.glob("log.db*"):
        file.unlink()
    with closing(sqlite3.connect(data_dir / "log.db")) as other:
        other.execute("CREATE TABLE messages (something)")
    await store.write(lambda _: store.log.tend())

    assert await store.write(lambda _: "stored") == "stored"
    assert "messages already exists" in store.health().log


@pytest.mark.parametrize("what", ["write", "tend"])
async def test_a_bug_in_the_log_keeps_no_station_from_its_answer(store, row, monkeypatch, what):
    def burst(*_):
        raise ZeroDivisionError

    monkeypatch.setattr(store.log, what, burst)
    store.writer._next_tick = 0.0
    await store.write(lambda db: db.log(row()))

    assert await store.write(lambda _: "stored") == "stored"


def test_a_log_that_is_damaged_is_put_aside_before_the_server_starts(data_dir):
    (data_dir / "log.db").write_bytes(b"this is no database" * 1000)

    with ServerLock(data_dir):
        assert migrations.upgrade(data_dir) is None
    assert len(list(data_dir.glob("log.db.damaged-*"))) == 1
