from __future__ import annotations

from datetime import timedelta

from ostler.services import authorization, charging, live, metering, places
from ostler.services.places import Spot


def start(db, spot, **more):
    said = {"id_token": "TAG", "meter_start_wh": 1000.0, "said_at": spot.received_at}
    return charging.start(db, spot, **(said | more))


def test_a_number_that_was_given_before_is_drawn_again(db, station, now):
    drawn = iter([7, 7, 7, 8])
    spot = Spot(station, "CP1", now, 1, 1)

    first = start(db, spot, draw=lambda: next(drawn))
    second = start(db, spot._replace(evse=2), draw=lambda: next(drawn))

    assert (first.ocpp_id, second.ocpp_id) == ("7", "8")


def test_a_transaction_without_register_is_kept(db, station, now):
    spot = Spot(station, "CP1", now, 1, 1)
    started = start(db, spot, meter_start_wh=None)

    found = places.by_ocpp_id(db, station, started.ocpp_id)
    assert found is not None
    assert found.meter_start_wh is None
    assert places.find(db, spot).connector.register_wh is None


def test_a_register_from_before_the_live_values_leaves_them_alone(db, station, now):
    spot = Spot(station, "CP1", now, 1, 1)
    rows = [live.Measured(now, {"Voltage": 230.0}, None, None, [])]
    live.show(db, spot, places.find(db, spot), rows, running=None)

    start(db, spot, said_at=now - timedelta(hours=1))

    known = places.find(db, spot).connector
    assert known.measured_at == now
    assert known.register_wh == 1000


def test_a_token_is_judged_where_it_is_shown(db, station, now):
    judged = authorization.verdict(db, Spot(station, "CP1", now), "TAG", starting=True)

    assert (judged.verdict, judged.token_pk) == ("Invalid", None)


def test_no_readings_are_nothing_to_keep(db, station, now):
    spot = Spot(station, "CP1", now, 1, 1)

    assert metering.report(db, spot, places.find(db, spot), []) is None
