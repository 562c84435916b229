"""A virtual station at the real gateway: what it does is found in the database, and orders are obeyed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from harness.virtual import CAR
from harness.waiting import until

from ostler.domain import commands
from ostler.domain.words import Result
from ostler.sim.client import Client, Setup
from ostler.sim.devices import MODELS
from ostler.sim.link import Target
from ostler.sim.machine import Phase
from ostler.sim.script import Driver


@asynccontextmanager
async def running(house: Any, **fields: Any) -> AsyncIterator[Client]:
    """A virtual station CP1 that the house has accepted, a token ANNA that it knows."""
    await house.add(authorization="all", **fields.pop("record", {}))
    await house.token("ANNA")
    target = Target(url=house.url, password=fields.pop("password", None))
    given = {"identity": "CP1", "model": MODELS["generic"], "target": target, "tick_s": 0.01}
    client = Client(Setup(**(given | fields)))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(client.run())
        await client.until(lambda: client.station.accepted and not len(client.station.outbox))
        yield client
        task.cancel()


async def transactions(house: Any, count: int = 1) -> list[dict[str, Any]]:
    """The transactions that have ended, once there are `count`."""

    async def ended() -> list[dict[str, Any]]:
        rows = await house.rows("SELECT * FROM transactions WHERE ended_at IS NOT NULL ORDER BY pk")
        return rows if len(rows) >= count else []

    return await until(ended)


async def test_a_whole_visit_is_found_in_the_database(house):
    async with running(house, speed=20, fixed={"MeterValueSampleInterval": "1"}) as client:
        driver = Driver(client)
        driver.plug(CAR)
        driver.present_card("ANNA")
        await driver.until_phase(Phase.CHARGING)
        await driver.until_charged(150)
        driver.unplug()
        [row] = await transactions(house)

    assert row["id_token"] == "ANNA"
    assert row["stop_reason"] == "EVDisconnected"
    assert row["meter_stop_wh"] - row["meter_start_wh"] >= 149
    assert row["marks"] in (None, "[]", b"[]")
    assert (await house.one("SELECT vendor, model FROM stations"))["model"] == "Virtual 22"


async def test_an_unknown_token_starts_nothing(house):
    async with running(house) as client:
        driver = Driver(client)
        driver.plug(CAR)
        driver.present_card("STRANGER")
        await client.until(lambda: not len(client.station.outbox))

        assert driver.phase is Phase.PREPARING


async def test_charging_is_started_and_stopped_from_afar(house):
    async with running(house) as client:
        driver = Driver(client, 2)
        driver.plug(CAR)
        started = await house.order("CP1", commands.StartCharging(token="ANNA", connector=2))
        await driver.until_phase(Phase.CHARGING)
        await until(lambda: client.station.memory.numbers)
        pk = (await house.one("SELECT pk FROM transactions"))["pk"]
        stopped = await house.order("CP1", commands.StopCharging(transaction_id=pk))
        [row] = await transactions(house)

    assert (started.result, stopped.result) == (Result.ACCEPTED, Result.ACCEPTED)
    assert row["stop_reason"] == "Remote"


async def test_what_was_charged_offline_is_found_after_the_return(house):
    async with running(house) as client:
        driver = Driver(client)
        driver.plug(CAR)
        driver.present_card("ANNA")
        await until(lambda: client.station.memory.numbers)
        client.go_offline()
        await client.until(lambda: not client.station.online)
        driver.unplug()
        driver.plug(CAR)
        driver.present_card("ANNA")
        await driver.until_phase(Phase.CHARGING)
        driver.unplug()
        client.come_back()
        rows = await transactions(house, 2)

    assert [row["id_token"] for row in rows] == ["ANNA", "ANNA"]


@pytest.mark.parametrize(
    "command",
    [
        commands.SetLimit(connector=1, current_a=10),
        commands.GetCompositeSchedule(connector=1),
        commands.ReadParameters(),
        commands.ClearCache(),
        commands.Trigger(message="StatusNotification"),
        commands.SetAvailability(available=False, connector=1),
        commands.Unlock(connector=1),
        commands.SendLocalList(),
        commands.GetLocalListVersion(),
        commands.DataTransfer(vendor_id="Ostler"),
        commands.WriteParameters(
            changes=(commands.ParameterChange(key="MeterValueSampleInterval", value="30"),)
        ),
        commands.Reset(kind="hard"),
    ],
    ids=lambda command: type(command).__name__,
)
async def test_orders_are_obeyed(house, command):
    async with running(house):
        result = await house.order("CP1", command)

    assert result.result is Result.ACCEPTED, result


async def test_a_limit_is_obeyed_by_the_car(house):
    async with running(house) as client:
        driver = Driver(client)
        driver.plug(CAR)
        driver.present_card("ANNA")
        await driver.until_phase(Phase.CHARGING)
        await house.order("CP1", commands.SetLimit(connector=1, current_a=10))
        meter = client.station.connectors[1].meter

        assert meter.read(client.clock()).current_a == (10, 10, 10)


async def test_a_key_that_the_house_sets_opens_the_door_next_time(house):
    async with running(house) as client:
        result = await house.order("CP1", commands.SetKey(key="00ff" * 10))
        client.go_offline()
        await client.until(lambda: not client.station.online)
        client.come_back()
        await client.until(lambda: client.station.online)

    assert result.result is Result.ACCEPTED
