"""From a station's socket to a program on the REST interface, and back, through `ostler serve`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from harness import recorded
from harness.package_station import ANSWERS, PackageStation, package_station
from harness.raw_calls import RAW
from harness.recorded import CALLS, FRAMES, Recorded
from harness.server import Server, serving
from harness.station import open_station
from harness.waiting import until
from ocpp.v16 import call

BY_LINE = {one.line: one for one in FRAMES}


def frames_of(table) -> list:
    return [pytest.param(BY_LINE[line], said, id=str(BY_LINE[line])) for line, said in table.items()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests here; each uses stations of its own."""
    with serving(tmp_path_factory.mktemp("rest")) as server:
        yield server


@pytest.fixture(scope="module")
def rest(server: Server) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


# --- what real stations said


@pytest.fixture(scope="module")
def told(server: Server, rest: httpx.Client) -> httpx.Client:
    """Every recorded call has been sent, each by a station of its own."""
    for one in CALLS:
        assert rest.post("/stations", json={"id": one.identity}).status_code == 201
    asyncio.run(_tell(server.ocpp))
    return rest


async def _tell(url: str) -> None:
    for one in CALLS:
        async with open_station(url, one.identity) as station:
            make = {"chargePointVendor": one.vendor, "chargePointModel": one.model}
            await station.call("BootNotification", make, id_="boot")
            await station.send(one.raw)
            assert (await station.answer_to(one.frame[1]))[0] == 3


def items(rest: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = rest.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


def picked(found: dict[str, Any], *names: str) -> tuple[Any, ...]:
    return tuple(found[name] for name in names)


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.BOOTS))
def test_what_a_station_is(told, one, said):
    station = told.get(f"/stations/{one.identity}").json()

    assert picked(station, "vendor", "model", "serial", "firmware") == said


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.STATUSES))
def test_what_a_connector_does(told, one, said):
    [connector] = told.get(f"/stations/{one.identity}").json()["connectors"]

    assert picked(connector, "evse", "last_status", "error_code", "info") == said
    assert connector["status"] == "Offline"  # the station hung up


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.STARTS))
def test_a_transaction_that_began(told, one, said):
    [found] = items(told, "/transactions", station=one.identity)

    assert picked(found, "evse", "id_token", "meter_start_wh") == said[:3]
    assert recorded.ms(found["started_at"]) == said[3]
    assert picked(found, "reservation_id", "ended_at") == (None, None)


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.STOPS))
def test_a_transaction_of_which_only_the_end_is_known(told, one, said):
    [found] = items(told, "/transactions", station=one.identity)

    names = ("ocpp_transaction_id", "stop_token", "meter_stop_wh")
    assert (*picked(found, *names), recorded.ms(found["ended_at"]), found["stop_reason"]) == said
    assert "unknown-start" in found["marks"]


@pytest.mark.parametrize(("one", "said"), frames_of(recorded.METERED))
def test_what_a_meter_said(told, one, said):
    [found] = items(told, "/meter-values", station=one.identity)

    *totals, values = said
    at = recorded.ms(found["at"])
    assert [found["evse"], at, found["energy_wh"], found["power_w"]] == totals
    kept = {".".join(filter(None, (s["measurand"], s["phase"]))): s["value"] for s in found["samples"]}
    assert values.items() <= kept.items()


@pytest.mark.parametrize("one", CALLS, ids=str)
def test_the_message_as_it_came(told, one: Recorded):
    found = items(told, "/messages", station=one.identity)[0]

    assert picked(found, "action", "message_id", "direction") == (one.action, one.frame[1], "in")
    assert found["request"] in one.raw
    assert json.loads(found["request"]) == one.payload


# --- a person orders


@asynccontextmanager
async def a_station(
    server: Server, client: httpx.AsyncClient, identity: str
) -> AsyncIterator[PackageStation]:
    """A new station that serves all known tokens, connected and booted."""
    made = await client.post("/stations", json={"id": identity, "authorization": "all"})
    assert made.status_code == 201, made.text

    async def record() -> bool:
        return (await client.get(f"/stations/{identity}")).json()["connected"]

    async with package_station(server.ocpp, identity) as station:
        await until(record)
        yield station


async def posted(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


async def test_every_message_of_the_version_can_be_sent_by_name(server):
    async with server.async_client() as client, a_station(server, client, "RAW") as station:
        for action, payload in RAW.items():
            said = await posted(client, f"/stations/RAW/calls/{action}", payload)

            assert said["outcome"] == "answered", (action, said)
            assert station.actions[-1] == action
    assert set(RAW) == set(ANSWERS)


async def test_a_charge_from_the_order_to_the_books(server):
    async with server.async_client() as client, a_station(server, client, "CHARGE") as station:
        assert (await client.post("/tokens", json={"id_token": "ANNA", "name": "Anna"})).status_code == 201
        order = {"connector": 1, "token": "ANNA"}
        said = await posted(client, "/stations/CHARGE/commands/start-charging", order)
        assert (said["result"], station.actions[-1]) == ("accepted", "RemoteStartTransaction")

        await station.call(
            call.StatusNotification(connector_id=1, error_code="NoError", status="Charging"), suppress=False
        )
        started = await station.call(
            call.StartTransaction(connector_id=1, id_tag="ANNA", meter_start=1000, timestamp=now()),
            suppress=False,
        )
        samples = [
            {"value": "2.5", "measurand": "Energy.Active.Import.Register", "unit": "kWh"},
            {"value": "7.4", "measurand": "Power.Active.Import", "unit": "kW"},
        ]
        await station.call(
            call.MeterValues(
                connector_id=1,
                transaction_id=started.transaction_id,
                meter_value=[{"timestamp": now(), "sampled_value": samples}],
            ),
            suppress=False,
        )

        [connector] = (await client.get("/stations/CHARGE")).json()["connectors"]
        assert picked(connector, "status", "power_w", "session_energy_wh", "user") == (
            "Charging",
            7400,
            1500,
            "Anna",
        )
        running = connector["transaction_id"]
        said = await posted(client, "/stations/CHARGE/commands/stop-charging", {"transaction_id": running})
        assert said["result"] == "accepted"
        assert station.last("RemoteStopTransaction") == {"transaction_id": started.transaction_id}
        await station.call(
            call.StopTransaction(
                meter_stop=2500, timestamp=now(), transaction_id=started.transaction_id, reason="Remote"
            ),
            suppress=False,
        )

        found = (await client.get(f"/transactions/{running}")).json()
        assert picked(found, "energy_wh", "stop_reason", "user", "marks") == (1500, "Remote", "Anna", [])
        kept = (await client.get(f"/transactions/{running}/meter-values")).json()["items"]
        assert [one["energy_wh"] for one in kept] == [2500]


async def test_a_station_that_is_offline_says_so_at_once(server):
    async with server.async_client() as client:
        await client.post("/stations", json={"id": "AWAY"})

        assert (await posted(client, "/stations/AWAY/commands/clear-cache", {}))["result"] == "offline"
        assert (await posted(client, "/stations/AWAY/calls/ClearCache", {}))["outcome"] == "offline"


async def test_a_call_that_breaks_the_schema_is_not_sent(server):
    async with server.async_client() as client, a_station(server, client, "STRICT") as station:
        answer = await client.post("/stations/STRICT/calls/Reset", json={"type": "Gently"})

        assert answer.status_code == 422
        assert station.received == []


async def test_a_parameter_is_changed_row_by_row(server):
    async with server.async_client() as client, a_station(server, client, "PARAM") as station:
        changes = [{"key": "HeartbeatInterval", "value": "300"}]
        answer = await client.patch("/stations/PARAM/parameters", json={"changes": changes})

        assert answer.status_code == 200, answer.text
        assert station.last("ChangeConfiguration") == {"key": "HeartbeatInterval", "value": "300"}
        kept = (await client.get("/stations/PARAM/parameters")).json()["items"]
        assert [(one["key"], one["value"]) for one in kept] == [("HeartbeatInterval", "300")]


async def test_what_happens_is_told_while_it_happens(server):
    async with server.async_client() as client, a_station(server, client, "LIVE") as station:
        query = {"station": "LIVE", "types": "connector.changed"}
        async with client.stream("GET", "/events", params=query) as stream:
            lines = stream.aiter_lines()
            await anext(lines)  # the stream is open
            await station.call(
                call.StatusNotification(connector_id=3, error_code="NoError", status="Preparing"),
                suppress=False,
            )
            async with asyncio.timeout(10):
                async for line in lines:
                    if line.startswith("data:") and "Preparing" in line:
                        break

        event = json.loads(line.removeprefix("data:"))
        assert picked(event, "station", "evse", "status") == ("LIVE", 3, "Preparing")


async def test_a_stranger_is_accepted_by_a_person_and_served(server):
    async with server.async_client() as client, open_station(server.ocpp, "STRANGER") as stranger:
        make = {"chargePointVendor": "V", "chargePointModel": "M"}
        assert (await stranger.call("BootNotification", make))["status"] == "Pending"
        waiting = (await client.get("/waiting-room")).json()["items"]
        assert [(one["id"], one["vendor"]) for one in waiting] == [("STRANGER", "V")]

        assert (await client.post("/waiting-room/STRANGER/accept")).status_code in {200, 201}
        assert (await stranger.reply({"status": "Accepted"}))[2] == "TriggerMessage"

        assert (await stranger.call("BootNotification", make))["status"] == "Accepted"
        assert await stranger.call("Heartbeat")
        assert (await client.get("/stations/STRANGER")).json()["connected"]


async def test_a_station_is_given_a_password_and_needs_it(server):
    async with server.async_client() as client:
        await client.post("/stations", json={"id": "SECRET"})
        given = (await client.put("/stations/SECRET/password", json={"generate": True})).json()["password"]

        async with package_station(server.ocpp, "SECRET", key=given) as station:
            assert (await station.call(call.Heartbeat(), suppress=False)).current_time
        text = (await client.get("/stations/SECRET")).text + (await client.get("/messages")).text
        assert given not in text


async def test_the_server_says_that_it_is_well(server):
    async with httpx.AsyncClient(base_url=server.http) as client:
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert "BootNotification" in (await client.get("/metrics")).text
