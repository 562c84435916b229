from __future__ import annotations

import asyncio
import sqlite3
import threading

import pytest

from ostler.store.store import Store


def put(db, name):
    db._connection.execute("INSERT INTO settings VALUES (?, '1')", (name,))


def names(db):
    return [name for (name,) in db._connection.execute("SELECT name FROM settings ORDER BY name")]


async def test_a_reader_sees_one_state_however_long_it_looks(store):
    await store.write(put, "a")
    looked, written = threading.Event(), threading.Event()

    def look_twice(db):
        before = names(db)
        looked.set()
        written.wait(10)
        return before, names(db)

    reading = asyncio.ensure_future(store.read(look_twice))
    await asyncio.to_thread(looked.wait, 10)
    await store.write(put, "b")
    written.set()

    assert await reading == (["a"], ["a"])
    assert await store.read(names) == ["a", "b"]


async def test_a_reader_cannot_write(store):
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await store.read(put, "a")


async def test_a_reader_that_fails_can_be_used_again(store):
    def fail(_db):
        raise ValueError("no")

    for _ in range(8):
        with pytest.raises(ValueError, match="no"):
            await store.read(fail)

    assert await store.read(names) == []


async def test_draining_waits_for_what_was_queued(store):
    future = store.writer.write(put, "a")
    await store.drain()

    assert future.done()


async def test_a_sound_store_is_healthy(store):
    assert store.health() == (None, None)
    assert store.health().ok


async def test_what_is_written_is_there_after_a_restart(data_dir):
    first = Store(data_dir, lambda _: None)
    await first.write(put, "a")
    first.close()
    second = Store(data_dir, lambda _: None)
    found = await second.read(names)
    second.close()

    assert found == ["a"]
