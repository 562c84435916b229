from __future__ import annotations

import pytest

from ostler.domain.words import Mark
from ostler.services import charging, places
from ostler.services.places import Spot, UnknownStationError


def test_a_station_that_was_deleted_is_an_error(db, now):
    with pytest.raises(UnknownStationError):
        places.find(db, Spot(99, "GONE", now))
    with pytest.raises(UnknownStationError):
        places.station(db, 99)


def test_a_connector_that_nobody_spoke_of_has_no_values(db, station, now):
    place = places.find(db, Spot(station, "CP1", now, 1, 1))

    assert place.running is None
    assert set(place.connector) == {None}


def test_a_mark_is_set_once(db, station, now):
    spot = Spot(station, "CP1", now, 1, 1)
    charging.start(db, spot, id_token="X", meter_start_wh=0.0, said_at=now)
    [row] = places.open_at(db, spot)

    assert row.marked(Mark.REFUSED, Mark.CLOCK) == ["refused", "clock"]


def test_a_report_moves_to_the_connector_of_a_transaction(db, station, now):
    spot = Spot(station, "CP1", now, 2, 1)
    charging.start(db, spot, id_token="X", meter_start_wh=0.0, said_at=now)
    [row] = places.open_at(db, spot)

    assert Spot(station, "CP1", now).of(row) == spot
