from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ostler.services import keys, stations, waiting_room
from ostler.store.store import Store

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/api/v1/waiting-room"


@pytest.fixture
async def knocked(store: Store) -> None:
    await store.write(
        waiting_room.remember, "NEW 1", address="192.0.2.9", subprotocols="ocpp1.6", key=None, now=NOW
    )


async def test_who_knocked_is_shown(viewer, knocked):
    [waiting] = (await viewer.get(URL)).json()["items"]

    assert waiting["id"] == "NEW 1"
    assert waiting["address"] == "192.0.2.9"
    assert waiting["status"] == "waiting"
    assert waiting["has_password"] is False


async def test_a_long_list_comes_in_pages(viewer, store):
    for name in "ABC":
        await store.write(
            waiting_room.remember, name, address="192.0.2.9", subprotocols="", key=None, now=NOW
        )
    first = (await viewer.get(URL, params={"limit": 2})).json()
    second = (await viewer.get(URL, params={"limit": 2, "cursor": first["next_cursor"]})).json()

    assert [waiting["id"] for waiting in first["items"] + second["items"]] == ["A", "B", "C"]
    assert second["next_cursor"] is None


@pytest.mark.parametrize("cursor", ["x", "Wy0xXQ"])
async def test_a_cursor_that_we_never_gave_is_refused(viewer, cursor):
    assert (await viewer.get(URL, params={"cursor": cursor})).status_code == 422


async def test_accepting_makes_a_station_that_authorises_nobody(operator, knocked, audit):
    answer = await operator.post(f"{URL}/NEW%201/accept")

    assert answer.status_code == 200
    assert answer.json()["authorization"] == "none"
    assert (await operator.get(URL)).json()["items"] == []
    assert await audit() == [("token:operator", "station.accept", "NEW 1")]


async def test_accepting_may_say_more(operator, knocked):
    answer = await operator.post(f"{URL}/NEW%201/accept", json={"name": "Yard", "authorization": "all"})

    assert answer.json()["name"] == "Yard"
    assert answer.json()["authorization"] == "all"


async def test_the_key_that_a_station_showed_is_adopted(operator, store):
    key = keys.keep(b"0123456789abcdef")
    await store.write(waiting_room.remember, "NEW", address="192.0.2.9", subprotocols="", key=key, now=NOW)

    await operator.post(f"{URL}/NEW/accept")

    record = await store.read(stations.record, "NEW")
    assert keys.matches(b"0123456789abcdef", record.key_salt, record.key_hash)


async def test_what_is_ignored_is_shown_only_when_asked_for(operator, knocked):
    answer = await operator.post(f"{URL}/NEW%201/ignore")

    assert answer.status_code == 204
    assert (await operator.get(URL)).json()["items"] == []
    assert [item["id"] for item in (await operator.get(f"{URL}?ignored=true")).json()["items"]] == ["NEW 1"]


async def test_what_is_blocked_can_be_unblocked(operator, knocked):
    await operator.post(f"{URL}/NEW%201/block")
    [blocked] = (await operator.get(URL)).json()["items"]
    await operator.post(f"{URL}/NEW%201/unblock")
    [waiting] = (await operator.get(URL)).json()["items"]

    assert (blocked["status"], waiting["status"]) == ("blocked", "waiting")


@pytest.mark.parametrize("what", ["accept", "ignore", "block", "unblock"])
async def test_who_does_not_wait_is_a_404(operator, what):
    assert (await operator.post(f"{URL}/nobody/{what}")).status_code == 404


async def test_the_joining_window_closes_by_itself(operator, clock):
    opened = (await operator.put("/api/v1/joining-window", json={"minutes": 5})).json()
    clock.advance(minutes=5)
    later = (await operator.get("/api/v1/joining-window")).json()

    assert opened == {"open": True, "until": "2026-06-01T12:05:00Z"}
    assert later == {"open": False, "until": None}


async def test_the_joining_window_is_closed_by_zero_minutes(operator):
    await operator.put("/api/v1/joining-window", json={"minutes": 5})

    assert (await operator.put("/api/v1/joining-window", json={"minutes": 0})).json()["open"] is False


@pytest.mark.parametrize("minutes", [-1, 1441, "5", 1.5, None])
async def test_odd_minutes_are_refused(operator, minutes):
    answer = await operator.put("/api/v1/joining-window", json={"minutes": minutes})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "minutes"
