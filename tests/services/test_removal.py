from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.domain.events import StationChanged, TransactionEnded
from ostler.services import authorization, charging, places, presence, removal, reservations, stations, tokens
from ostler.services.places import Spot
from ostler.services.stations import Fields
from ostler.services.tokens import NewToken
from ostler.store.reading.transactions import TransactionFilter, list_transactions


def _of_cp1(db):
    return list_transactions(db, TransactionFilter(station="CP1"), after=None, limit=10)


@pytest.fixture
def spot(station, now) -> Spot:
    return Spot(station, "CP1", now, 1, 1)


@pytest.fixture
def running(db, spot, now) -> int:
    """The pk of a running transaction of the token A at CP1, which serves all tokens."""
    tokens.create_token(db, NewToken(id_token="A"), now)
    stations.change(db, "CP1", Fields(name="Garage", authorization="all"), now=now)
    started = charging.start(db, spot, id_token="A", meter_start_wh=100, said_at=now)
    db.events.clear()
    return started.transaction_pk


def test_a_removed_station_is_gone(db, station, now):
    assert removal.remove(db, "CP1", now=now)

    assert (stations.get(db, "CP1"), stations.record(db, "CP1")) == (None, None)
    assert (stations.listed(db), stations.records(db)) == ([], [])
    assert db.events == [StationChanged(at=now, station="CP1", deleted=True)]


def test_who_is_not_there_cannot_be_removed(db, now):
    assert not removal.remove(db, "CP9", now=now)


def test_who_was_removed_cannot_be_removed_again(db, station, now):
    removal.remove(db, "CP1", now=now)

    assert not removal.remove(db, "CP1", now=now)


def test_what_a_removed_station_charged_stays_and_names_it(db, running, now):
    removal.remove(db, "CP1", now=now)

    [row] = _of_cp1(db).rows
    assert (row.id, row.station) == (running, "CP1")


def test_what_runs_when_a_station_is_removed_is_closed_and_marked(db, running, now):
    removal.remove(db, "CP1", now=now)

    [row] = _of_cp1(db).rows
    assert (row.ended_at, row.marks) == (now, ["closed-by-removal"])
    assert [event.reason for event in db.events if isinstance(event, TransactionEnded)] == [
        "closed-by-removal"
    ]


def test_the_token_of_a_removed_station_is_free_for_others(db, running, now):
    removal.remove(db, "CP1", now=now)
    other = stations.create(db, "CP2", Fields(authorization="all"), now=now)

    judged = authorization.verdict(db, Spot(other, "CP2", now, 1, 1), "A", starting=True)
    assert judged.verdict == "Accepted"


def test_reservations_of_a_removed_station_are_cancelled(db, station, now):
    until = now + timedelta(hours=1)
    pk = reservations.request(
        db, station, evse=1, connector=1, id_token="A", parent="", expires_at=until, now=now
    )
    reservations.settle(db, pk, reservations.ACTIVE, now)
    removal.remove(db, "CP1", now=now)

    assert reservations.find(db, pk).status == "cancelled"


def test_a_station_that_comes_again_has_its_history_and_fresh_settings(db, running, station, now):
    stations.set_key(db, station, "secret", confirmed=True, now=now)
    removal.remove(db, "CP1", now=now)
    later = now + timedelta(days=1)
    pk = stations.create(db, "CP1", Fields(), now=later)

    found = stations.get(db, "CP1")
    assert (pk, found.created_at) == (station, later)
    assert (found.name, found.authorization, found.security_profile, found.has_key, found.key_shown) == (
        "",
        "none",
        0,
        False,
        False,
    )
    assert (found.boot, found.strict, found.close_frame, found.registration) == (
        "accepted",
        False,
        True,
        None,
    )
    assert [row.id for row in _of_cp1(db).rows] == [running]


def test_a_late_stop_finds_its_transaction_after_the_station_came_again(db, running, spot, now):
    ocpp_id = _of_cp1(db).rows[0].ocpp_transaction_id
    removal.remove(db, "CP1", now=now)
    stations.create(db, "CP1", Fields(), now=now)

    assert places.by_ocpp_id(db, spot.station_pk, ocpp_id).pk == running


def test_connections_from_before_a_removal_are_told_from_later_ones(db, station, now):
    presence.connected(db, station, station="CP1", epoch=7, version="1.6", address="", at=now)
    removal.remove(db, "CP1", now=now)
    stations.create(db, "CP1", Fields(), now=now)

    assert stations.record(db, "CP1").epoch == 8
