from __future__ import annotations

from datetime import timedelta

from ostler.services import local_list
from ostler.services.local_list import Changes, Entry

ALICE = Entry("a", "A", "Accepted", "", None)
BOB = Entry("b", "B", "Accepted", "", None)


def add_token(db, id_token, expires_at=None):
    db._connection.execute(
        "INSERT INTO tokens (key, id_token, created_at, expires_at) VALUES (?, ?, 1, ?)",
        (id_token.casefold(), id_token, expires_at and expires_at.timestamp() * 1000),
    )


def serve_all(db):
    db._connection.execute("UPDATE stations SET authorization = 'all'")


def test_nothing_was_sent_to_a_new_station(db, station):
    assert local_list.version(db, station) is None


def test_a_station_that_is_unknown_serves_nobody(db, now):
    assert local_list.wanted(db, 99, now) == []


def test_a_token_expires_at_its_end(db, station, now):
    serve_all(db)
    add_token(db, "A", expires_at=now)
    add_token(db, "B", expires_at=now + timedelta(seconds=1))

    assert [row.status for row in local_list.wanted(db, station, now)] == ["Expired", "Accepted"]


def test_everything_is_new_to_an_empty_list(db, station):
    assert local_list.changes(db, station, [ALICE]) == Changes([ALICE], [])


def test_only_what_differs_is_a_change(db, station):
    local_list.sent(db, station, 1, Changes([ALICE, BOB], []), full=True)
    blocked = BOB._replace(status="Blocked")

    assert local_list.changes(db, station, [blocked]) == Changes([blocked], ["A"])


def test_a_full_list_replaces_what_was_there(db, station):
    local_list.sent(db, station, 1, Changes([ALICE], []), full=True)

    local_list.sent(db, station, 2, Changes([BOB], []), full=True)

    assert local_list.changes(db, station, [BOB]) == Changes([], [])
    assert local_list.version(db, station) == 2


def test_a_part_adds_and_removes(db, station):
    local_list.sent(db, station, 1, Changes([ALICE], []), full=True)

    local_list.sent(db, station, 2, Changes([BOB], ["A"]), full=False)

    assert local_list.changes(db, station, [BOB]) == Changes([], [])
