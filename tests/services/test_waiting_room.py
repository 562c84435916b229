from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.domain.events import StationWaiting
from ostler.services import keys, stations, waiting_room
from ostler.services.faults import Conflict, Missing
from ostler.services.stations import Fields
from ostler.services.waiting_room import Introduction


def knock(db, now, identity="NEW", key=None):
    waiting_room.remember(db, identity, address="192.0.2.1", subprotocols="ocpp1.6", key=key, now=now)


def test_who_knocks_is_shown(db, now):
    knock(db, now)

    waiting = waiting_room.get(db, "NEW")
    assert (waiting.status, waiting.address, waiting.attempts, waiting.has_key) == (
        "waiting",
        "192.0.2.1",
        1,
        False,
    )
    assert db.events == [StationWaiting(at=now, station="NEW", address="192.0.2.1")]


def test_attempts_are_counted(db, now):
    later = now + timedelta(minutes=1)
    knock(db, now)
    knock(db, later)

    waiting = waiting_room.get(db, "NEW")
    assert (waiting.attempts, waiting.first_seen_at, waiting.last_seen_at) == (2, now, later)


def test_what_a_stranger_says_of_itself_is_shown(db, now):
    knock(db, now)
    said = Introduction(vendor="V", model="M", serial="S", firmware="1")
    waiting_room.introduce(db, "NEW", said, address="192.0.2.1", now=now)

    waiting = waiting_room.get(db, "NEW")
    assert (waiting.vendor, waiting.model, waiting.serial, waiting.firmware) == ("V", "M", "S", "1")


def test_the_room_is_bounded_and_the_oldest_leave_first(db, now, monkeypatch):
    monkeypatch.setattr(waiting_room, "MOST_WAITING", 3)
    for minute in range(5):
        knock(db, now + timedelta(minutes=minute), f"NEW{minute}")

    assert [waiting.id for waiting in waiting_room.listed(db)] == ["NEW4", "NEW3", "NEW2"]


def test_the_blocked_stay_while_others_can_leave(db, now, monkeypatch):
    monkeypatch.setattr(waiting_room, "MOST_WAITING", 2)
    knock(db, now, "BAD")
    waiting_room.block(db, "BAD")
    for minute in range(1, 4):
        knock(db, now + timedelta(minutes=minute), f"NEW{minute}")

    assert [waiting.id for waiting in waiting_room.listed(db)] == ["NEW3", "BAD"]


def test_the_ignored_are_shown_only_when_asked_for(db, now):
    knock(db, now)
    waiting_room.ignore(db, "NEW")
    db.events.clear()
    knock(db, now)

    assert waiting_room.listed(db) == []
    assert [waiting.id for waiting in waiting_room.listed(db, ignored=True)] == ["NEW"]
    assert db.events == []


@pytest.mark.parametrize("act", [waiting_room.ignore, waiting_room.block, waiting_room.unblock])
def test_who_does_not_wait_cannot_be_dealt_with(db, act):
    assert not act(db, "NEW")


def test_the_accepted_become_stations_with_the_key_that_they_showed(db, now):
    knock(db, now, key=keys.keep(b"secret"))
    waiting_room.accept(db, "NEW", Fields(authorization="all"), now=now)

    record = stations.record(db, "NEW")
    assert keys.matches(b"secret", record.key_salt, record.key_hash)
    assert (record.key_shown, record.security_profile) == (True, 1)
    assert stations.get(db, "NEW").authorization == "all"
    assert waiting_room.get(db, "NEW") is None


def test_who_does_not_wait_cannot_be_accepted(db, now):
    with pytest.raises(Missing, match="NEW is not in the waiting room"):
        waiting_room.accept(db, "NEW", now=now)


def test_a_station_that_exists_cannot_be_accepted_again(db, now):
    knock(db, now)
    stations.create(db, "NEW", Fields(), now=now)

    with pytest.raises(Conflict):
        waiting_room.accept(db, "NEW", now=now)


def test_at_the_door_all_is_looked_up_at_once(db, now):
    stations.create(db, "CP1", Fields(), now=now)
    knock(db, now)
    waiting_room.block(db, "NEW")
    waiting_room.open_window(db, 5, now=now)

    assert waiting_room.knock(db, "CP1", now=now).record.id == "CP1"
    assert waiting_room.knock(db, "NEW", now=now) == (None, True, True)
    assert waiting_room.knock(db, "OTHER", now=now + timedelta(minutes=5)) == (None, False, False)


def test_the_unblocked_wait_again(db, now):
    knock(db, now)
    waiting_room.block(db, "NEW")
    waiting_room.unblock(db, "NEW")

    assert waiting_room.get(db, "NEW").status == "waiting"


def test_the_joining_window_closes_by_itself_and_by_hand(db, now):
    until = waiting_room.open_window(db, 5, now=now)

    assert until == now + timedelta(minutes=5) == waiting_room.window_until(db)
    assert waiting_room.open_window(db, 0, now=now) is None
    assert waiting_room.window_until(db) is None


def test_the_joining_window_is_open_for_a_day_at_most(db, now):
    assert waiting_room.open_window(db, 10**9, now=now) == now + timedelta(days=1)


def test_while_the_window_is_open_whoever_comes_joins(db, now):
    knock(db, now)
    waiting_room.open_window(db, 5, now=now)

    assert waiting_room.join(db, "NEW", now=now).id == "NEW"
    assert waiting_room.join(db, "NEW", now=now).id == "NEW"
    assert waiting_room.get(db, "NEW") is None


def test_who_cannot_be_a_station_does_not_join(db, now):
    waiting_room.open_window(db, 5, now=now)

    assert waiting_room.join(db, "a:b", now=now) is None


def test_nobody_joins_while_the_window_is_closed(db, now):
    assert waiting_room.join(db, "NEW", now=now) is None
