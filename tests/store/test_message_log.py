from __future__ import annotations

import asyncio

import pytest

from ostler.store.settings import LogSettings
from ostler.store.store import Store

DAY_S = 86400
NOW_S = 1_790_000_000


def pks(db):
    return [pk for (pk,) in db._connection.execute("SELECT pk FROM messages ORDER BY pk")]


async def log(store, *rows):
    await store.write(lambda db: [db.log(row) for row in rows])


@pytest.fixture
async def thrifty(data_dir):
    store = Store(data_dir, lambda _: None, log=LogSettings(keep_days=2, max_mb=1), clock=lambda: NOW_S)
    yield store
    store.close()


async def test_the_tail_gets_rows_with_the_numbers_that_they_have_in_the_log(store, row):
    seen = []
    store.log.tail = seen.extend
    await log(store, row(action="Authorize"), row(action="Heartbeat"))

    assert [(pk, logged.action) for pk, logged in seen] == [(1, "Authorize"), (2, "Heartbeat")]
    assert await store.read_log(pks) == [1, 2]


async def test_nobody_is_told_after_the_tail_was_taken_off(store, row):
    seen = []
    store.log.tail = seen.extend
    writing = store.writer.write(lambda db: db.log(row()))
    store.log.tail = None
    await writing
    await asyncio.sleep(0)

    assert seen == []


async def test_numbers_go_on_after_a_restart_even_if_all_rows_are_gone(data_dir, row):
    store = Store(data_dir, lambda _: None)
    await log(store, row(), row())
    await store.write(lambda _: store.log._connection.execute("DELETE FROM messages"))
    store.close()

    store = Store(data_dir, lambda _: None)
    await log(store, row())
    found = await store.read_log(pks)
    store.close()

    assert found == [3]


async def test_rows_older_than_the_kept_days_are_deleted(thrifty, row):
    old, new = (NOW_S - 3 * DAY_S) * 1000, (NOW_S - DAY_S) * 1000
    await log(thrifty, *[row(at_ms=old)] * 500, *[row(at_ms=new)] * 3)
    await thrifty.write(lambda _: thrifty.log.tend())

    assert await thrifty.read_log(pks) == [501, 502, 503]


async def test_a_log_that_grows_too_large_loses_its_oldest_rows(thrifty, row):
    await log(thrifty, *[row(at_ms=NOW_S * 1000, request="x" * 1000)] * 1500)
    await thrifty.write(lambda _: thrifty.log.tend())

    found = await thrifty.read_log(pks)
    assert found[-1] == 1500
    assert 0 < len(found) < 1000


async def test_nothing_is_deleted_before_its_time(thrifty, row):
    await log(thrifty, *[row(at_ms=NOW_S * 1000)] * 10)
    await thrifty.write(lambda _: thrifty.log.tend())

    assert len(await thrifty.read_log(pks)) == 10


async def test_zero_means_no_limit(data_dir, row):
    store = Store(data_dir, lambda _: None, log=LogSettings(keep_days=0, max_mb=0), clock=lambda: NOW_S)
    await log(store, row(at_ms=0))
    await store.write(lambda _: store.log.tend())
    found = await store.read_log(pks)
    store.close()

    assert found == [1]


async def test_memory_stays_bounded_while_the_log_cannot_be_written(store, row, monkeypatch):
    monkeypatch.setattr("ostler.store.message_log.KEPT_ROWS", 3)
    await store.write(lambda _: store.log._connection.execute("PRAGMA max_page_count = 1"))
    big = row(request="x" * 100_000)
    for _ in range(5):
        await log(store, big)
    lost = store.log.lost
    await store.write(lambda _: store.log._connection.execute("PRAGMA max_page_count = 1000000"))
    await store.write(lambda _: store.log.tend())

    assert lost == 2
    assert await store.read_log(pks) == [3, 4, 5]
