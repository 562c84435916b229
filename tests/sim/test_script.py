"""Whole visits, with a clock that runs as fast as the test wants."""

from __future__ import annotations

import asyncio
import functools
import random
from datetime import timedelta

import pytest
from harness.virtual import NOW, Csms

from ostler.sim import script
from ostler.sim.script import SCRIPTS, Driver, Visit


class Stage:
    """What scripts need of a `Client`, over a station without sockets; each wait moves the clock."""

    def __init__(self, csms: Csms) -> None:
        self.csms = csms
        self.station = csms.station
        self.pause = functools.partial(asyncio.sleep, 0)
        self.setup = type("Setup", (), {"speed": 1.0})

    def clock(self):
        return self.csms.now

    def step(self) -> None:
        self.csms.talk()

    def go_offline(self) -> None:
        self.csms.disconnect()

    def come_back(self) -> None:
        self.csms.connect()

    async def until(self, condition) -> None:
        while not condition():
            await self.pause()


@pytest.fixture
def stage(csms, monkeypatch):
    """A stage whose `sleep` and `timeout` run on the played clock."""
    sleep = asyncio.sleep

    async def played(seconds: float) -> None:
        csms.wait(seconds, 0.5)
        await sleep(0)

    async def charging(driver: Driver, seconds: float) -> None:
        await played(seconds)

    monkeypatch.setattr(script.asyncio, "sleep", lambda seconds: played(seconds) if seconds else sleep(0))
    monkeypatch.setattr(script, "_charging", charging)
    return Stage(csms)


VISIT = Visit(tokens=("ANNA",), first_s=1.0, rest_s=(5, 6), charge_s=(60, 70))


@pytest.mark.parametrize("seed", range(8))
async def test_a_visit_charges_and_leaves_a_free_connector(stage, seed):
    await SCRIPTS["charge"](stage, Driver(stage), VISIT, random.Random(seed))

    actions = [each.action for each in stage.csms.said]
    assert actions.count("StartTransaction") == actions.count("StopTransaction") == 1
    assert stage.csms.statuses()[-1] == "Available"
    assert stage.clock() > NOW + timedelta(seconds=40)


async def test_a_faulty_visit_ends_with_a_repaired_connector(stage):
    await SCRIPTS["faulty"](stage, Driver(stage), VISIT, random.Random(1))

    assert stage.csms.statuses() == ["Preparing", "Charging", "Faulted", "Preparing", "Available"]


async def test_an_offline_visit_is_told_afterwards(stage):
    await SCRIPTS["offline"](stage, Driver(stage), VISIT, random.Random(1))

    actions = [each.action for each in stage.csms.said]
    assert actions.count("StopTransaction") == 1


async def test_nobody_comes_to_an_idle_station(stage):
    await SCRIPTS["idle"](stage, Driver(stage), VISIT, random.Random(1))

    assert {each.action for each in stage.csms.said} <= {"Heartbeat"}


async def test_once_means_one_visit(stage):
    await script.visits(stage, 1, SCRIPTS["charge"], VISIT, random.Random(1), once=True)

    assert [each.action for each in stage.csms.said].count("StartTransaction") == 1


async def test_otherwise_one_visit_follows_another(stage):
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        task = group.create_task(script.visits(stage, 1, SCRIPTS["charge"], VISIT, random.Random(1)))
        await stage.until(lambda: [each.action for each in stage.csms.said].count("StopTransaction") == 3)
        task.cancel()


async def test_a_driver_sees_what_was_charged(charging_csms):
    driver = Driver(Stage(charging_csms))
    charging_csms.wait(60)

    assert driver.session_wh == pytest.approx(368)
    assert Driver(Stage(charging_csms), 2).session_wh is None
