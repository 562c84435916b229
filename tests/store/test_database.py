from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql

from ostler.store import database
from ostler.store.database import SQLITE, Db, connect
from ostler.store.schema import groups, settings, station_groups
from ostler.store.statements import Query, Write, upsert

ADD = Write(insert(groups).values(name=bindparam("name"), created_at=bindparam("created_at")))
PUT = upsert(settings, ["name"], ["value"])
JOIN_ONCE = upsert(station_groups, ["station", "grp"], [])
RENAME = Write(update(groups).where(groups.c.pk == bindparam("group")).values(name=bindparam("new_name")))
NOW = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)


class Group(NamedTuple):
    pk: int
    name: str
    created_at: datetime


class Setting(NamedTuple):
    name: str
    value: object


GROUPS = Query(select(groups.c.pk, groups.c.name, groups.c.created_at).order_by(groups.c.pk), into=Group)
SETTING = Query(select(settings).where(settings.c.name == bindparam("name")), into=Setting)


@pytest.fixture
def db(data_dir):
    connection = connect(data_dir / "ostler.db")
    yield Db(connection)
    connection.close()


def test_an_insert_gives_the_new_key(db):
    assert [db.insert(ADD, name=name, created_at=NOW) for name in "ab"] == [1, 2]


def test_times_come_back_aware_and_whole_to_the_millisecond(db):
    db.insert(ADD, name="a", created_at=NOW.astimezone(timezone(timedelta(hours=2))))

    assert db.one(GROUPS) == Group(1, "a", NOW)
    assert db.one(GROUPS).created_at.tzinfo is UTC


def test_a_time_without_a_zone_is_refused(db):
    with pytest.raises(ValueError, match="without a zone"):
        db.insert(ADD, name="a", created_at=NOW.replace(tzinfo=None))


def test_a_value_that_nobody_gave_is_an_error(db):
    with pytest.raises(KeyError, match="created_at"):
        db.insert(ADD, name="a")


def test_a_statement_tells_how_many_rows_it_touched(db):
    pk = db.insert(ADD, name="a", created_at=NOW)

    assert db.run(RENAME, group=pk, new_name="b") == 1
    assert db.run(RENAME, group=99, new_name="c") == 0


def test_an_upsert_inserts_and_then_updates(db):
    db.run(PUT, name="a", value={"b": [1, None]})
    db.run(PUT, name="a", value=None)
    db.run(PUT, name="b", value=[1.5, "x"])

    assert db.one(SETTING, name="a") == Setting("a", None)
    assert db.one(SETTING, name="b") == Setting("b", [1.5, "x"])


def test_an_upsert_without_columns_leaves_what_is_there(db):
    db._connection.execute("PRAGMA foreign_keys = OFF")

    assert db.run(JOIN_ONCE, station=1, grp=1) == 1
    assert db.run(JOIN_ONCE, station=1, grp=1) == 0


def test_no_row_is_none(db):
    assert db.one(SETTING, name="a") is None
    assert db.all(GROUPS) == []


def test_collected_rows_are_written_by_a_flush_and_only_once(db):
    for name in "abc":
        db.later(ADD, name=name, created_at=NOW)
    before = len(db.all(GROUPS))
    db.flush()
    db.flush()

    assert (before, [group.name for group in db.all(GROUPS)]) == (0, ["a", "b", "c"])


def test_what_was_collected_can_be_forgotten(db):
    db.later(ADD, name="a", created_at=NOW)
    db.forget()
    db.flush()

    assert db.all(GROUPS) == []


def test_references_are_kept(db):
    with pytest.raises(sqlite3.IntegrityError):
        db.run(JOIN_ONCE, station=1, grp=1)


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "letter").write_bytes(b"Dear all" * 100)

    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        connect(tmp_path / "letter")


def test_statements_are_compiled_once_and_for_either_database():
    assert PUT.compiled(SQLITE) is PUT.compiled(SQLITE)
    assert "ON CONFLICT" in PUT.compiled(postgresql.dialect()).sql


def put(db, value, *, station=1, statement=PUT):
    db.soon(station, "theme", statement, name="theme", value=value)


def test_a_row_that_is_written_soon_is_written_with_the_commit_and_once(db):
    put(db, "light")
    put(db, "dark")

    assert db.one(SETTING, name="theme") is None
    db.flush()
    assert db.one(SETTING, name="theme").value == "dark"


def test_settling_writes_what_waits_of_one_station(db):
    put(db, "dark")
    db.soon(2, "size", PUT, name="size", value="big")

    db.settle(1)

    assert db.one(SETTING, name="theme").value == "dark"
    assert db.one(SETTING, name="size") is None


def test_two_statements_for_the_same_row_are_written_in_their_order(db):
    other = upsert(settings, ["name"], ["value"])
    put(db, "light")
    put(db, "dark", statement=other)
    put(db, "light")

    db.flush()

    assert db.one(SETTING, name="theme").value == "light"


def test_what_is_dropped_after_a_rollback_is_neither_written_nor_remembered(db):
    put(db, "dark")
    db.remember(1, "theme", "dark")

    db.forget()
    db.flush()

    assert db.one(SETTING, name="theme") is None
    assert db.memory == {}


def test_the_memory_has_an_end(db):
    for station in range(database.REMEMBERED_STATIONS + 1):
        db.remember(station, "theme", "dark")

    assert len(db.memory) == 1
