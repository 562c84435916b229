"""A virtual station on a real socket, against a central system on the packages `ocpp` and `websockets`."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from harness.virtual import CAR
from harness.waiting import until
from ocpp.v16 import call

from ostler.ocpp.v16 import ChargePointErrorCode
from ostler.sim.client import Client, Setup
from ostler.sim.devices import MODELS
from ostler.sim.machine import Phase
from ostler.sim.script import Driver


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
