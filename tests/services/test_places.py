from __future__ import annotations

import pytest

from ostler.domain.words import Mark
from ostler.services import authorization, charging, live, metering, places, settling, status
from ostler.services.places import Spot, UnknownStationError
from ostler.store.database import SQLITE
from ostler.store.statements import Statement

CONSTANT = {"SCAN CONSTANT ROW", "SCAN anon_1"}  # the row that is to be inserted


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


def statements(*modules):
    return [
        pytest.param(held.compiled(SQLITE), id=f"{module.__name__.rpartition('.')[2]}.{name}")
        for module in modules
        for name, held in vars(module).items()
        if isinstance(held, Statement)
    ]


@pytest.mark.parametrize(
    "compiled", statements(authorization, charging, live, metering, places, settling, status)
)
def test_no_message_waits_for_a_table_to_be_searched_from_end_to_end(db, compiled):
    plan = db._connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", [None] * len(compiled.names))
    steps = [step[3] for step in plan]

    assert [step for step in steps if step.startswith("SCAN ") and step not in CONSTANT] == []


def test_open_transactions_are_found_without_their_history(db):
    compiled = places._OPEN_AT_PLACE.compiled(SQLITE)
    [step] = db._connection.execute(f"EXPLAIN QUERY PLAN {compiled.sql}", [None] * len(compiled.names))

    assert "ix_transactions_open " in step[3]
