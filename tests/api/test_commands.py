from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from ostler.api import commands as api_commands
from ostler.domain import commands
from ostler.domain.commands import CommandResult, RawCall, StartCharging
from ostler.domain.words import Result
from ostler.services import presence

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
URL = "/api/v1/stations/CP1"


async def test_an_order_reaches_the_station_and_its_answer_comes_back(operator, holder):
    holder.result = CommandResult(result=Result.REJECTED, detail="The station said no.", data={"why": 1})

    answer = await operator.post(f"{URL}/commands/start-charging", json={"connector": 1, "token": "AB12"})

    assert answer.status_code == 200
    assert answer.json() == {"result": "rejected", "detail": "The station said no.", "data": {"why": 1}}
    assert holder.orders == [StartCharging(connector=1, token="AB12")]


async def test_an_offline_station_says_so_at_once(operator, station):
    answer = await operator.post(f"{URL}/commands/clear-cache")

    assert answer.status_code == 200
    assert answer.json() == {"result": "offline", "detail": "The station is not connected."}


@pytest.mark.parametrize("content", [b"", b"{}", b'{"kind": "soft"}', b'{"command": "reset"}'])
async def test_an_order_without_necessary_fields_needs_no_body(operator, holder, content):
    await operator.post(f"{URL}/commands/reset", content=content)

    assert holder.orders == [commands.Reset()]


async def test_times_are_taken_with_their_zone(operator, holder):
    body = {"token": "AB12", "expires_at": "2026-06-01T14:00:00+02:00"}

    await operator.post(f"{URL}/commands/reserve", json=body)

    assert holder.orders[0].expires_at == datetime(2026, 6, 1, 12, tzinfo=UTC)


async def test_an_unknown_command_is_a_404_that_names_the_nearest(operator, station):
    answer = await operator.post(f"{URL}/commands/start-charge")

    assert answer.status_code == 404
    assert answer.json()["detail"] == ('There is no command "start-charge". Did you mean "start-charging"?')


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({}, "token", '"token" is missing.'),
        ({"token": 5}, "token", '"token" must be text, not a whole number.'),
        (
            {"token": "A", "connector": "1"},
            "connector",
            '"connector" must be a whole number or null, not text.',
        ),
        (
            {"token": "A", "connector": 1.5},
            "connector",
            '"connector" must be a whole number or null, not a number.',
        ),
        ({"tokn": "A"}, "tokn", 'The field "tokn" is not known. Did you mean "token"?'),
    ],
)
async def test_a_bad_order_is_a_422_that_names_the_field(operator, holder, body, field, detail):
    answer = await operator.post(f"{URL}/commands/start-charging", json=body)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"] == [{"field": field, "detail": detail}]
    assert holder.orders == []


async def test_a_time_without_a_zone_is_refused(operator, holder):
    body = {"token": "AB12", "expires_at": "2026-06-01T14:00:00"}

    answer = await operator.post(f"{URL}/commands/reserve", json=body)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "expires_at"


async def test_a_body_that_is_no_json_is_a_400(operator, holder):
    answer = await operator.post(f"{URL}/commands/start-charging", content=b"{")

    assert answer.status_code == 400
    assert answer.json()["detail"] == "The body is not JSON."


async def test_no_order_hangs(operator, holder, monkeypatch):
    async def never(_):
        await asyncio.Event().wait()

    holder.before = never
    monkeypatch.setattr(api_commands, "LONGEST_S", 0.0)

    answer = await operator.post(f"{URL}/commands/clear-cache")

    assert answer.json()["result"] == "timed-out"


async def test_an_order_stands_in_the_audit_with_its_result(operator, administrator, holder):
    await operator.post(f"{URL}/commands/start-charging", json={"token": "AB12"})

    [entry] = (await administrator.get("/api/v1/audit?target=CP1&actor=token:operator")).json()["items"]
    assert entry["action"] == "command.start-charging"
    assert entry["detail"]["order"]["token"] == "AB12"
    assert entry["detail"]["result"] == "accepted"


async def test_secrets_in_orders_do_not_stand_in_the_audit(administrator, holder):
    await administrator.post(f"{URL}/commands/set-key", json={"key": "0123456789abcdef"})
    await administrator.post(
        f"{URL}/commands/get-diagnostics", json={"location": "ftp://me:secret99@files.test/up"}
    )

    text = (await administrator.get("/api/v1/audit")).text
    assert "0123456789abcdef" not in text
    assert "secret99" not in text


async def test_every_command_has_a_route(administrator, holder):
    for name in api_commands.COMMANDS:
        answer = await administrator.post(f"{URL}/commands/{name}", json={})
        assert answer.status_code in {200, 422}, name


async def test_a_raw_call_is_no_command(administrator, holder):
    answer = await administrator.post(f"{URL}/commands/raw-call", json={"action": "Reset", "payload": {}})

    assert answer.status_code == 404


class TestCalls:
    async def test_a_call_goes_out_as_it_is(self, administrator, holder):
        holder.result = CommandResult(
            result=Result.ACCEPTED, data={"outcome": "answered", "response": {"status": "Accepted"}}
        )

        answer = await administrator.post(f"{URL}/calls/Reset", json={"type": "Soft"})

        assert answer.status_code == 200
        assert answer.json() == {"outcome": "answered", "response": {"status": "Accepted"}}
        assert holder.orders == [RawCall(action="Reset", payload={"type": "Soft"})]

    @pytest.mark.parametrize(
        ("result", "outcome"),
        [
            (CommandResult(result=Result.TIMED_OUT), {"outcome": "timed-out"}),
            (CommandResult(result=Result.OFFLINE), {"outcome": "offline"}),
            (
                CommandResult(
                    result=Result.ERROR,
                    data={"outcome": "error", "code": "NotSupported", "description": "no", "details": {}},
                ),
                {"outcome": "error", "code": "NotSupported", "description": "no", "details": {}},
            ),
            (
                CommandResult(result=Result.ERROR, detail="The queue is full."),
                {"outcome": "error", "code": "", "description": "The queue is full.", "details": {}},
            ),
        ],
    )
    async def test_every_end_of_a_call_is_told(self, administrator, holder, result, outcome):
        holder.result = result

        assert (await administrator.post(f"{URL}/calls/ClearCache", json={})).json() == outcome

    @pytest.mark.parametrize(
        ("payload", "field"),
        [
            ({"type": "Softly"}, "type"),
            ({}, "type"),
            ({"type": "Soft", "tipe": 1}, "tipe"),
            ({"type": None}, "type"),
        ],
    )
    async def test_a_payload_that_breaks_the_schema_is_never_sent(
        self, administrator, holder, payload, field
    ):
        answer = await administrator.post(f"{URL}/calls/Reset", json=payload)

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
        assert holder.orders == []

    async def test_a_fault_deep_in_the_payload_is_named(self, administrator, holder):
        payload = {"connectorId": 1, "csChargingProfiles": {"chargingProfileId": "1"}}

        answer = await administrator.post(f"{URL}/calls/SetChargingProfile", json=payload)

        assert answer.json()["errors"][0]["field"] == "csChargingProfiles.chargingProfileId"

    async def test_an_unknown_request_is_a_404_that_names_the_nearest(self, administrator, holder):
        answer = await administrator.post(f"{URL}/calls/Rest", json={})

        assert answer.status_code == 404
        assert 'Did you mean "Reset"?' in answer.json()["detail"]

    async def test_the_words_are_those_of_the_stations_version(self, administrator, store, station, holder):
        await store.write(
            presence.connected, station, station="CP1", epoch=1, version="2.0.1", address="", at=NOW
        )

        assert (await administrator.post(f"{URL}/calls/Reset", json={"type": "Soft"})).status_code == 422
        assert (await administrator.post(f"{URL}/calls/Reset", json={"type": "OnIdle"})).status_code == 200
