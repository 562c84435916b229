from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import bindparam, func, insert, select

from ostler.domain.events import StationChanged
from ostler.store import migrations
from ostler.store.schema import groups, transaction_numbers
from ostler.store.session import open_database
from ostler.store.statements import Query, Write
from ostler.store.store import Store
from ostler.store.writer import NOTHING, ClosedError, Work

from .conftest import NOW

ADD = Write(insert(transaction_numbers).values(number=bindparam("number")))
ADD_GROUP = Write(insert(groups).values(name=bindparam("name"), created_at=NOW))


class Number(NamedTuple):
    number: int


class Count(NamedTuple):
    count: int


NUMBERS = Query(select(transaction_numbers.c.number).order_by(transaction_numbers.c.number), into=Number)
GROUPS = Query(select(func.count()).select_from(groups), into=Count)


def add(db, number):
    db.run(ADD, number=number)
    return number


def add_then_fail(db, number):
    add(db, number)
    db.emit(StationChanged(at=NOW, station=str(number)))
    raise ValueError(number)


def numbers(db):
    return [row.number for row in db.all(NUMBERS)]


def reports():
    """What the event loop is told of faults, from now on."""
    found = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: found.append(context["message"]))
    return found


async def together(store, *works):
    """Queue all while the writer is held up, so that they form one batch; gives results and errors."""
    gate, entered = threading.Event(), threading.Event()

    def hold(_db):
        entered.set()
        gate.wait(10)

    holding = store.writer.write(hold)
    await asyncio.to_thread(entered.wait, 10)
    futures = [store.writer.write(function, *args) for function, *args in works]
    gate.set()
    await holding
    return await asyncio.gather(*futures, return_exceptions=True)


async def test_what_a_function_returns_comes_back_after_the_commit(store):
    assert await store.write(add, 7) == 7
    assert await store.read(numbers) == [7]


async def test_what_a_function_raises_comes_back_and_leaves_nothing(store, published):
    with pytest.raises(ValueError, match="7"):
        await store.write(add_then_fail, 7)

    assert await store.read(numbers) == []
    assert published == []


async def test_everything_queued_is_committed_at_once(store):
    before = store.writer.commits

    await together(store, *[(add, n) for n in range(50)])

    assert store.writer.commits == before + 2  # the one that held it up, and all the others


async def test_units_of_work_run_in_the_order_of_their_submission(store):
    order = []

    def note(_db, number):
        order.append(number)

    await together(store, *[(note, n) for n in range(20)])

    assert order == list(range(20))


async def test_one_bad_unit_never_takes_others_with_it(store):
    results = await together(store, (add, 1), (add_then_fail, 2), (add, 3), (add, 1), (add, 4))

    assert [type(result) for result in results] == [int, ValueError, int, sqlite3.IntegrityError, int]
    assert await store.read(numbers) == [1, 3, 4]


async def test_a_bad_collected_row_is_blamed_on_its_own_unit(store):
    def collect(db, number):
        db.later(ADD, number=number)

    results = await together(store, (collect, 1), (collect, 1), (collect, 2))

    assert [type(result) for result in results] == [type(None), sqlite3.IntegrityError, type(None)]
    assert await store.read(numbers) == [1, 2]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "fail", "later"]), st.integers(1, 6)), max_size=12))
def test_a_batch_leaves_what_its_units_would_have_left_one_by_one(script):
    def later(db, number):
        db.later(ADD, number=number)
        return number

    functions = {"add": add, "fail": add_then_fail, "later": later}
    expected: set[int] = set()
    outcomes = []
    for kind, number in script:
        fine = kind != "fail" and number not in expected
        outcomes.append(fine)
        if fine:
            expected.add(number)

    async def play(folder):
        store = Store(folder, lambda _: None)
        results = await together(store, *[(functions[kind], number) for kind, number in script])
        stored = await store.read(numbers)
        store.close()
        return results, stored

    with tempfile.TemporaryDirectory() as folder:
        migrations.upgrade(Path(folder))
        results, stored = asyncio.run(play(Path(folder)))

    assert stored == sorted(expected)
    assert [not isinstance(result, Exception) for result in results] == outcomes


async def test_events_are_published_after_the_answers_of_their_commit(data_dir):
    seen = []
    store = Store(data_dir, seen.extend)

    def emit(db):
        db.emit(StationChanged(at=NOW, station="CP1"))
        return "answer"

    store.submit(Work(emit, (), lambda result, _error: seen.append(result)))
    await store.drain()
    store.close()

    assert seen == ["answer", StationChanged(at=NOW, station="CP1")]


async def test_a_cancelled_waiter_does_not_undo_the_work(store):
    gate, entered = threading.Event(), threading.Event()

    def slow(db):
        entered.set()
        gate.wait(10)
        return add(db, 5)

    waiting = store.writer.write(slow)
    await asyncio.to_thread(entered.wait, 10)
    waiting.cancel()
    gate.set()
    await store.drain()

    assert await store.read(numbers) == [5]


async def test_a_callback_that_fails_keeps_nobody_from_the_answer(store):
    reported = reports()

    def broken(_result, _error):
        raise RuntimeError

    store.submit(Work(add, (1,), broken))
    answer = store.writer.write(add, 2)

    assert await answer == 2
    assert reported == ["a callback after a commit failed"]


async def test_a_publisher_that_fails_stops_nothing(data_dir):
    reported = reports()

    def broken(_events):
        raise RuntimeError

    store = Store(data_dir, broken)
    await store.write(lambda db: db.emit(StationChanged(at=NOW)))
    await store.drain()
    store.close()

    assert reported == ["publishing events failed"]


async def test_closing_writes_what_is_queued(data_dir):
    store = Store(data_dir, lambda _: None)
    futures = [store.writer.write(add, n) for n in range(10)]
    store.close()

    assert await asyncio.gather(*futures) == list(range(10))


async def test_work_that_comes_after_the_end_is_refused(data_dir):
    store = Store(data_dir, lambda _: None)
    store.close()

    with pytest.raises(ClosedError):
        await store.write(add, 1)


async def test_a_unit_that_exits_the_interpreter_does_not_end_the_writer(store):
    def leave(_db):
        raise SystemExit

    [left, added] = await together(store, (leave,), (add, 1))

    assert isinstance(left, SystemExit)
    assert added == 1


async def test_answers_are_durable_because_every_commit_reaches_the_disk(store):
    def pragmas(db):
        return [
            db._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")
        ]

    assert await store.write(pragmas) == [2, "wal"]  # 2 is FULL


async def test_writes_of_another_process_are_noticed(store, data_dir):
    noticed = asyncio.Event()
    store.on_foreign_write = noticed.set

    with open_database(data_dir) as db:
        db.run(ADD_GROUP, name="from outside")

    await asyncio.wait_for(noticed.wait(), 10)
    assert await store.read(lambda db: db.one(GROUPS)) == (1,)


async def test_our_own_writes_are_not_taken_for_foreign_ones(store):
    told = []
    store.on_foreign_write = lambda: told.append(1)
    await store.write(add, 1)

    await store.write(lambda _: store.writer._tick())

    assert told == []


def remember(db):
    db.remember(1, "seen", True)


def remembered(db):
    return dict(db.memory)


async def scoped(store, function, touches):
    """Run work of which it is known what it touches."""
    done = asyncio.get_running_loop().create_future()
    store.submit(Work(function, (), lambda result, _error: done.set_result(result), touches))
    return await done


async def test_what_services_remember_outlives_work_that_touches_nothing(store):
    await scoped(store, remember, 1)

    assert await scoped(store, remembered, NOTHING) == {1: {"seen": True}}


async def test_work_that_may_touch_everything_ends_what_services_remember(store):
    await scoped(store, remember, 1)
    await store.write(add, 7)

    assert await scoped(store, remembered, NOTHING) == {}


async def test_what_another_process_wrote_ends_what_services_remember(store, data_dir):
    await scoped(store, remember, 1)
    with open_database(data_dir) as other:
        add(other, 7)

    assert await scoped(store, remembered, NOTHING) == {}


async def test_a_failure_ends_what_services_remember(store):
    await scoped(store, remember, 1)
    with pytest.raises(ValueError, match="7"):
        await store.write(add_then_fail, 7)

    assert await scoped(store, remembered, NOTHING) == {}
