"""A virtual station on a real socket, against a central system on the packages `ocpp` and `websockets`."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import msgspec
import pytest
import websockets
from harness.virtual import CAR
from harness.waiting import until
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result

from ostler.ocpp.v16 import ChargePointErrorCode
from ostler.sim.client import Client, Setup
from ostler.sim.devices import MODELS
from ostler.sim.link import Target
from ostler.sim.machine import Phase
from ostler.sim.script import Driver

ACCEPTED = {"status": "Accepted"}


class Central(ChargePoint):
    """One connected station, as the package `ocpp` sees it; all that is told goes to the server's list."""

    def __init__(self, identity: str, connection: Any, server: Server) -> None:
        super().__init__(identity, connection)
        self.server = server

    def note(self, action: str, **fields: Any) -> None:
        self.server.told.append((action, fields))

    @on("BootNotification")
    def boot(self, **fields: Any) -> Any:
        self.note("BootNotification", **fields)
        now = datetime.now(UTC).isoformat()
        return call_result.BootNotification(current_time=now, interval=300, status="Accepted")

    @on("StatusNotification")
    def status(self, **fields: Any) -> Any:
        self.note("StatusNotification", **fields)
        return call_result.StatusNotification()

    @on("Authorize")
    def authorize(self, **fields: Any) -> Any:
        self.note("Authorize", **fields)
        return call_result.Authorize(id_tag_info=ACCEPTED)

    @on("StartTransaction")
    def start_transaction(self, **fields: Any) -> Any:
        self.note("StartTransaction", **fields)
        self.server.transactions += 1
        return call_result.StartTransaction(transaction_id=self.server.transactions, id_tag_info=ACCEPTED)

    @on("MeterValues")
    def meter_values(self, **fields: Any) -> Any:
        self.note("MeterValues", **fields)
        return call_result.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **fields: Any) -> Any:
        self.note("StopTransaction", **fields)
        return call_result.StopTransaction()

    @on("DiagnosticsStatusNotification")
    def diagnostics(self, **fields: Any) -> Any:
        self.note("DiagnosticsStatusNotification", **fields)
        return call_result.DiagnosticsStatusNotification()


class Server:
    """The central system. `refuse` answers every upgrade with 401."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.transactions = 100
        self.stations: list[Central] = []
        self.credentials: list[str | None] = []
        self.paths: list[str] = []
        self.refuse = False
        self.port = 0

    def heard(self, action: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.told if name == action]

    def look(self, connection: Any, request: Any) -> Any:
        self.credentials.append(request.headers.get("Authorization"))
        self.paths.append(request.path)
        return connection.respond(HTTPStatus.UNAUTHORIZED, "no\n") if self.refuse else None

    async def serve(self, connection: Any) -> None:
        station = Central("CP1", connection, self)
        self.stations.append(station)
        with suppress(websockets.ConnectionClosed):
            await station.start()

    def setup(self, **fields: Any) -> Setup:
        target = Target(url=f"ws://127.0.0.1:{self.port}/ocpp", password=fields.pop("password", None))
        given = {"identity": "CP1", "model": MODELS["generic"], "target": target, "tick_s": 0.01}
        return Setup(**(given | fields))


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with websockets.serve(
        server.serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"], process_request=server.look
    ) as listener:
        server.port = next(iter(listener.sockets)).getsockname()[1]
        yield server


@asynccontextmanager
async def running(setup: Setup) -> AsyncIterator[Client]:
    told: list[str] = []
    client = Client(setup, listener=lambda event: told.append(event.text))
    client.heard = told
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.run())
        yield client
        task.cancel()


async def test_a_visit_from_boot_to_unplugging(server):
    async with running(server.setup(speed=3600)) as client:
        driver = Driver(client)
        await driver.until_accepted()
        driver.plug(CAR)
        driver.present_card("ANNA")
        await driver.until_phase(Phase.CHARGING)
        await driver.until_charged(1000)
        driver.unplug()
        await until(lambda: server.heard("StopTransaction"))

    [start], [stop] = server.heard("StartTransaction"), server.heard("StopTransaction")
    assert start["id_tag"] == "ANNA"
    assert (stop["transaction_id"], stop["reason"]) == (101, "EVDisconnected")
    assert stop["meter_stop"] - start["meter_start"] >= 1000


async def test_remote_start_and_stop(server):
    async with running(server.setup()) as client:
        driver = Driver(client, 2)
        await driver.until_accepted()
        driver.plug(CAR)
        start = await server.stations[0].call(call.RemoteStartTransaction(id_tag="BEN", connector_id=2))
        await driver.until_phase(Phase.CHARGING)
        await until(lambda: client.station.memory.numbers)
        stop = await server.stations[0].call(call.RemoteStopTransaction(transaction_id=101))
        await driver.until_phase(Phase.FINISHING)
        await until(lambda: server.heard("StopTransaction"))

    assert (start.status, stop.status) == ("Accepted", "Accepted")
    assert server.heard("StopTransaction")[0]["reason"] == "Remote"


async def test_what_happens_offline_is_told_after_the_return_and_without_a_boot(server):
    async with running(server.setup()) as client:
        driver = Driver(client)
        await driver.until_accepted()
        driver.plug(CAR)
        driver.present_card("ANNA")
        await until(lambda: client.station.memory.numbers)
        client.go_offline()
        await client.until(lambda: not client.station.online)
        driver.unplug()
        assert len(client.station.outbox.queue) == 1
        client.come_back()
        await until(lambda: server.heard("StopTransaction"))

    assert len(server.heard("BootNotification")) == 1
    assert server.heard("StopTransaction")[0]["transaction_id"] == 101


async def test_a_power_cut_loses_nothing(server, tmp_path: Path):
    setup = server.setup(state=tmp_path / "cp1.json")
    async with running(setup) as client:
        driver = Driver(client)
        await driver.until_accepted()
        driver.plug(CAR)
        driver.present_card("ANNA")
        await until(lambda: client.station.memory.numbers)

    async with running(setup):
        await until(lambda: server.heard("StopTransaction"))

    [stop] = server.heard("StopTransaction")
    assert (stop["transaction_id"], stop["reason"]) == (101, "PowerLoss")


async def test_a_reset_closes_the_connection_and_boots_again(server):
    model = msgspec.structs.replace(MODELS["generic"], boot_s=0.01)
    async with running(server.setup(model=model)) as client:
        await Driver(client).until_accepted()
        answer = await server.stations[0].call(call.Reset(type="Hard"))
        await until(lambda: len(server.heard("BootNotification")) == 2)

    assert answer.status == "Accepted"


async def test_a_station_that_is_refused_tries_again_and_says_why(server):
    server.refuse = True
    async with running(server.setup(password=b"secret")) as client:
        await until(lambda: client.heard)
        server.refuse = False
        await Driver(client).until_accepted()

    assert client.heard[0] == "no connection: refused with status 401: no"
    assert server.credentials[0] == f"Basic {base64.b64encode(b'CP1:secret').decode()}"
    assert server.paths[0] == "/ocpp/CP1"


async def test_a_key_that_was_set_is_used_at_the_next_connection(server):
    async with running(server.setup()) as client:
        await Driver(client).until_accepted()
        key = "00ff" * 10
        answer = await server.stations[0].call(call.ChangeConfiguration(key="AuthorizationKey", value=key))
        await server.stations[0]._connection.close()
        await until(lambda: len(server.credentials) == 2)

    assert answer.status == "Accepted"
    expected = base64.b64encode(b"CP1:" + bytes.fromhex(key)).decode()
    assert server.credentials == [None, f"Basic {expected}"]


async def test_pings_are_answered(server):
    async with running(server.setup()) as client:
        await Driver(client).until_accepted()
        pong = await server.stations[0]._connection.ping()
        async with asyncio.timeout(5):
            await pong


async def test_a_request_that_a_station_cannot_take_is_refused_and_the_next_is_answered(server):
    async with running(server.setup()) as client:
        await Driver(client).until_accepted()
        refused = await server.stations[0].call(call.GetConfiguration(key=["A"] * 31))
        answered = await server.stations[0].call(call.GetLocalListVersion())

    assert refused is None
    assert answered.list_version == 0


async def test_a_frame_that_cannot_be_read_is_answered_with_an_error(server):
    async with running(server.setup()) as client:
        await Driver(client).until_accepted()
        await server.stations[0]._connection.send('[2,"1","Nonsense",{}]')
        answers = server.stations[0]._response_queue
        await until(lambda: answers.qsize() > 0)

    assert answers.get_nowait().error_code == "NotImplemented"


async def test_diagnostics_that_cannot_be_uploaded_are_told_as_failed(server):
    async with running(server.setup()) as client:
        await Driver(client).until_accepted()
        await server.stations[0].call(call.GetDiagnostics(location="gopher://nowhere/"))
        await until(lambda: len(server.heard("DiagnosticsStatusNotification")) == 2)

    assert [each["status"] for each in server.heard("DiagnosticsStatusNotification")] == [
        "Uploading",
        "UploadFailed",
    ]


async def test_a_fault_and_a_pause_are_shown_and_pass(server):
    async with running(server.setup()) as client:
        driver = Driver(client)
        await driver.until_accepted()
        driver.plug(CAR)
        driver.present_card("ANNA")
        await driver.until_phase(Phase.CHARGING)
        driver.pause_car(paused=True)
        driver.pause_car(paused=False)
        driver.fault(ChargePointErrorCode.GROUND_FAILURE)
        driver.repair()
        driver.unplug()
        await until(lambda: server.heard("StatusNotification")[-1]["status"] == "Available")

    told = [each["status"] for each in server.heard("StatusNotification") if each["connector_id"] == 1]
    assert told[1:] == [
        "Preparing",
        "Charging",
        "SuspendedEV",
        "Charging",
        "Faulted",
        "Preparing",
        "Available",
    ]
