from __future__ import annotations

from datetime import timedelta

from ostler.domain.events import StationConnected, StationDisconnected, StationNotice
from ostler.services import presence, stations


def connect(db, station, now, epoch=1):
    presence.connected(db, station, station="CP1", epoch=epoch, version="1.6", address="192.0.2.1", at=now)


def disconnect(db, station, now, epoch=1):
    presence.disconnected(
        db, station, station="CP1", epoch=epoch, code=1000, reason="bye", seen_at=now, at=now
    )


def test_a_connection_is_kept_and_told(db, station, now):
    connect(db, station, now)

    found = stations.get(db, "CP1")
    assert (found.connected_at, found.epoch, found.address, found.ocpp_version) == (
        now,
        1,
        "192.0.2.1",
        "1.6",
    )
    assert db.events == [StationConnected(at=now, station="CP1", version="1.6", address="192.0.2.1")]


def test_the_end_of_a_connection_is_kept_and_told(db, station, now):
    connect(db, station, now)
    disconnect(db, station, now)

    found = stations.get(db, "CP1")
    assert (found.disconnected_at, found.close_code, found.close_reason) == (now, 1000, "bye")
    assert db.events[-1] == StationDisconnected(at=now, station="CP1", code=1000, reason="bye")


def test_the_late_end_of_a_replaced_connection_changes_nothing(db, station, now):
    connect(db, station, now, epoch=2)
    db.events.clear()
    disconnect(db, station, now, epoch=1)

    assert stations.get(db, "CP1").disconnected_at is None
    assert db.events == []


def test_signs_of_life_are_kept(db, station, now):
    presence.seen(db, [(station, now)])
    db.flush()

    assert stations.get(db, "CP1").last_seen_at == now


def test_after_a_crash_the_last_sign_of_life_is_the_end(db, station, now):
    connect(db, station, now)
    presence.seen(db, [(station, now + timedelta(minutes=1))])
    db.flush()
    presence.nobody_connected(db)

    found = stations.get(db, "CP1")
    assert (found.disconnected_at, found.close_code) == (now + timedelta(minutes=1), presence.STOPPED)


def test_who_was_away_before_the_crash_stays_as_it_was(db, station, now):
    connect(db, station, now)
    disconnect(db, station, now + timedelta(seconds=1))
    presence.nobody_connected(db)

    assert stations.get(db, "CP1").close_code == 1000


def test_a_notice_is_kept_and_told(db, station, now):
    presence.notice(db, station, station="CP1", kind="security", status="Alarm", data={"a": 1}, at=now)

    assert db.events == [StationNotice(at=now, station="CP1", kind="security", status="Alarm", data={"a": 1})]


def test_a_notice_that_stands_already_is_not_repeated(db, station, now):
    for _ in range(2):
        presence.notice(db, station, station="CP1", kind="handshake", status="odd", at=now, once=True)

    assert len(db.events) == 1


def test_a_station_that_never_booted_has_no_registration(db, station):
    assert presence.registration(db, station) is None
    assert presence.registration(db, 99) is None
