from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ostler.domain.commands import CancelReservation, CommandResult, Reserve
from ostler.domain.words import Result
from ostler.services import reservations

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
URL = "/api/v1/reservations"
BODY = {"station": "CP1", "id_token": "AB12", "connector": 1, "expires_at": "2026-06-01T13:00:00Z"}


@pytest.fixture
def reserved(store, station):
    async def add(id_token="AB12"):
        return await store.write(
            reservations.request,
            station,
            evse=1,
            connector=1,
            id_token=id_token,
            parent="",
            expires_at=LATER,
            now=NOW,
        )

    return add


async def test_a_reservation_is_what_the_station_accepted(operator, holder, reserved):
    async def reserve(_):
        return CommandResult(result=Result.ACCEPTED, data={"reservation_id": await reserved()})

    holder.before = reserve

    answer = await operator.post(URL, json=BODY)

    assert answer.status_code == 201
    assert answer.json() == {
        "id": 1,
        "station": "CP1",
        "evse": 1,
        "connector": 1,
        "id_token": "AB12",
        "parent": "",
        "expires_at": "2026-06-01T13:00:00Z",
        "status": "requested",
        "created_at": "2026-06-01T12:00:00Z",
    }
    assert holder.orders == [Reserve(token="AB12", connector=1, expires_at=LATER)]


async def test_what_the_station_refuses_is_a_409_with_its_reason(operator, holder):
    holder.result = CommandResult(result=Result.REJECTED, detail="Occupied: the connector is in use.")

    answer = await operator.post(URL, json=BODY)

    assert answer.status_code == 409
    assert answer.json()["detail"] == "Occupied: the connector is in use."
    assert answer.json()["result"] == "rejected"


async def test_a_station_that_is_away_reserves_nothing(operator, station):
    answer = await operator.post(URL, json=BODY)

    assert (answer.status_code, answer.json()["result"]) == (409, "offline")


async def test_an_unknown_station_is_a_404(operator):
    assert (await operator.post(URL, json=BODY)).status_code == 404


async def test_a_time_without_a_zone_is_refused(operator, station):
    answer = await operator.post(URL, json={**BODY, "expires_at": "2026-06-01T13:00:00"})

    assert answer.status_code == 422


async def test_reservations_are_listed_and_filtered_the_latest_first(viewer, store, reserved):
    first, second = await reserved("A"), await reserved("B")
    await store.write(reservations.settle, first, reservations.ACTIVE, NOW)

    async def found(**filters):
        return [item["id"] for item in (await viewer.get(URL, params=filters)).json()["items"]]

    assert await found() == [second, first]
    assert await found(status="active") == [first]
    assert await found(station="CP2") == []


async def test_a_reservation_is_cancelled_at_its_station(operator, holder, reserved):
    pk = await reserved()

    answer = await operator.delete(f"{URL}/{pk}")

    assert answer.json() == {"result": "accepted", "detail": "Done."}
    assert holder.orders == [CancelReservation(reservation_id=pk)]


async def test_an_unknown_reservation_is_a_404(operator):
    assert (await operator.delete(f"{URL}/7")).status_code == 404
