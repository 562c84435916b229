from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.domain.events import ReservationChanged
from ostler.services import reservations


@pytest.fixture
def keep(db, station, now):
    """Keeps an EVSE for a token for an hour; gives the id."""

    def made(evse=1, *, status=reservations.ACTIVE, minutes=60):
        pk = reservations.request(
            db,
            station,
            evse=evse,
            connector=min(evse, 1),
            id_token="04AB",
            parent="",
            expires_at=now + timedelta(minutes=minutes),
            now=now,
        )
        reservations.settle(db, pk, status, now)
        db.events.clear()
        return pk

    return made


def status(db, pk):
    found = reservations.find(db, pk)
    assert found is not None
    return found.status


def test_ids_are_positive_and_never_used_twice(db, keep):
    first = keep()
    db._connection.execute("DELETE FROM reservations")

    assert 0 < first < keep()


def test_a_reservation_is_over_at_its_end_to_the_second(now):
    assert [reservations.is_expired(now + timedelta(seconds=left), now) for left in (1, 0, -1)] == [
        False,
        True,
        True,
    ]


def test_what_is_over_expires(db, keep, now):
    over, requested, still = keep(minutes=1), keep(minutes=1, status=reservations.REQUESTED), keep()

    ended = reservations.expire(db, now + timedelta(minutes=2))

    assert ended == 2
    assert [status(db, pk) for pk in (over, requested, still)] == ["expired", "expired", "active"]


def test_what_ended_otherwise_does_not_expire(db, keep, now):
    keep(minutes=1, status=reservations.CANCELLED)

    assert reservations.expire(db, now + timedelta(hours=1)) == 0


def test_an_expiry_is_told(db, keep, now):
    pk = keep(minutes=1)
    later = now + timedelta(minutes=2)

    reservations.expire(db, later)

    assert db.events == [ReservationChanged(at=later, station="CP1", reservation_id=pk, status="expired")]


@pytest.mark.parametrize(("lost", "left"), [(1, ["cancelled", "active", "active"]), (0, ["cancelled"] * 3)])
def test_a_connector_that_is_lost_loses_its_reservations(db, station, keep, now, lost, left):  # noqa: PLR0917 - pytest gives them by name
    pks = [keep(1), keep(2), keep(0)]

    reservations.connector_lost(db, station, lost, now)

    assert [status(db, pk) for pk in pks] == left


def test_a_lost_connector_without_reservations_changes_nothing(db, station, now):
    assert reservations.connector_lost(db, station, 1, now) == 0
    assert db.events == []


def test_only_active_reservations_are_held(db, station, keep):
    pk = keep()
    keep(status=reservations.REFUSED)

    assert [row.pk for row in reservations.held(db, station)] == [pk]
