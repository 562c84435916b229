from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta

import pytest

from ostler.domain import commands
from ostler.domain.events import ReservationChanged
from ostler.domain.words import Result
from ostler.ocpp import v16

STATUS = v16.ReservationStatus
KEPT = v16.ReserveNowResponse(status=STATUS.ACCEPTED)
TABLE = "SELECT pk, evse, connector, id_token, status FROM reservations"


@pytest.fixture
def order(played):
    return commands.Reserve(token="04AB", connector=1, expires_at=played.now() + timedelta(hours=1))


async def test_a_reservation_is_active_when_the_station_accepted_it(played, order):
    played.will(KEPT)

    result = await played.order(order)

    assert result.result is Result.ACCEPTED
    assert result.data == {"reservation_id": 1}
    assert await played.sql(TABLE) == [(1, 1, 1, "04AB", "active")]
    assert played.sent == [
        (
            "ReserveNow",
            {"connectorId": 1, "expiryDate": "2026-06-01T13:00:00Z", "idTag": "04AB", "reservationId": 1},
        )
    ]


async def test_the_row_exists_before_the_station_answers(played, order):
    seen = []

    def answer(request):
        with closing(sqlite3.connect(played.store.data_dir / "ostler.db")) as connection:
            seen.extend(connection.execute("SELECT pk, status FROM reservations").fetchall())
        return KEPT

    played.will(answer)

    await played.order(order)

    assert seen == [(1, "requested")]


@pytest.mark.parametrize("status", ["Faulted", "Occupied", "Rejected", "Unavailable"])
async def test_a_refused_reservation_says_the_stations_word(played, order, status):
    played.will(v16.ReserveNowResponse(status=STATUS(status)))

    result = await played.order(order)

    assert result.result is Result.REJECTED
    assert result.detail.startswith(f"{status}: ")
    assert await played.sql(TABLE) == [(1, 1, 1, "04AB", "refused")]


async def test_a_reservation_that_could_not_be_sent_is_refused(played, order, not_known):
    played.will(not_known)

    assert (await played.order(order)).result is Result.NOT_SUPPORTED
    assert await played.sql("SELECT status FROM reservations") == [("refused",)]


async def test_after_a_time_out_the_station_may_have_it_all_the_same(played, order, timed_out):
    played.will(timed_out)

    assert (await played.order(order)).result is Result.TIMED_OUT
    assert await played.sql("SELECT status FROM reservations") == [("requested",)]


async def test_a_reservation_in_the_past_is_not_sent(played):
    result = await played.order(commands.Reserve(token="04AB", expires_at=played.now()))

    assert result.result is Result.ERROR
    assert played.sent == []
    assert await played.sql(TABLE) == []


async def test_a_reservation_of_any_connector_is_on_connector_0(played):
    played.will(KEPT)

    await played.order(
        commands.Reserve(token="04AB", expires_at=played.now() + timedelta(hours=1), parent="G")
    )

    assert (played.payloads[0]["connectorId"], played.payloads[0]["parentIdTag"]) == (0, "G")
    assert await played.sql(TABLE) == [(1, 0, 0, "04AB", "active")]


async def test_reserving_the_same_id_again_replaces_the_reservation(played, order):
    played.will(KEPT)
    await played.order(order)

    again = commands.Reserve(token="CAFE", connector=2, expires_at=order.expires_at, reservation_id=1)
    result = await played.order(again)

    assert result.data == {"reservation_id": 1}
    assert played.payloads[1]["reservationId"] == 1
    assert await played.sql(TABLE) == [(1, 2, 1, "CAFE", "active")]


async def test_a_refused_replacement_leaves_the_reservation_as_it_was(played, order):
    played.will(KEPT, v16.ReserveNowResponse(status=STATUS.OCCUPIED))
    await played.order(order)

    again = commands.Reserve(token="CAFE", connector=2, expires_at=order.expires_at, reservation_id=1)
    await played.order(again)

    assert await played.sql(TABLE) == [(1, 1, 1, "04AB", "active")]


async def test_an_unanswered_replacement_leaves_the_reservation_as_it_was(played, order, not_known):
    played.will(KEPT, not_known)
    await played.order(order)

    again = commands.Reserve(token="CAFE", connector=2, expires_at=order.expires_at, reservation_id=1)
    await played.order(again)

    assert await played.sql(TABLE) == [(1, 1, 1, "04AB", "active")]


async def test_what_does_not_exist_cannot_be_replaced(played, order):
    again = commands.Reserve(token="CAFE", expires_at=order.expires_at, reservation_id=9)

    assert (await played.order(again)).result is Result.ERROR


@pytest.mark.parametrize("status", ["Accepted", "Rejected"])
async def test_a_cancelled_reservation_is_cancelled_whether_or_not_the_station_knew_it(played, order, status):
    played.will(KEPT, v16.CancelReservationResponse(status=v16.CancelReservationStatus(status)))
    await played.order(order)

    result = await played.order(commands.CancelReservation(reservation_id=1))

    assert result.result is Result(status.lower())
    assert played.sent[1] == ("CancelReservation", {"reservationId": 1})
    assert await played.sql(TABLE) == [(1, 1, 1, "04AB", "cancelled")]


async def test_an_unknown_reservation_is_not_cancelled(played):
    result = await played.order(commands.CancelReservation(reservation_id=3))

    assert (result.result, result.detail) == (Result.ERROR, "There is no reservation 3.")


async def test_a_reservation_that_is_over_is_not_cancelled(played, order):
    played.will(KEPT)
    await played.order(order)
    await played.sql("UPDATE reservations SET status = 'used'")

    result = await played.order(commands.CancelReservation(reservation_id=1))

    assert result.result is Result.ERROR
    assert "used" in result.detail


async def test_a_reservation_at_another_station_is_not_cancelled(played, order):
    played.will(KEPT)
    await played.order(order)
    await played.sql("INSERT INTO stations (pk, id, created_at) VALUES (77, 'CP2', 1)")
    await played.sql("UPDATE reservations SET station = 77")

    result = await played.order(commands.CancelReservation(reservation_id=1))

    assert result.result is Result.ERROR
    assert "CP2" in result.detail
    assert len(played.sent) == 1


async def test_each_change_of_a_reservation_is_told(played, order):
    played.will(KEPT)

    await played.order(order)

    assert played.events == [
        ReservationChanged(at=played.now(), station="CP1", reservation_id=1, status=status)
        for status in ("requested", "active")
    ]
