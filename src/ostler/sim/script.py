"""What drivers do at a virtual station: single steps, and whole visits made of them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from ostler.ocpp.v16 import ChargePointErrorCode
from ostler.sim import charging, faults
from ostler.sim.client import Client
from ostler.sim.machine import Phase
from ostler.sim.meter import Car

CARS: Final = (
    Car(max_a=16, phases=3, capacity_wh=58_000, soc=35, ripple=0.04),
    Car(max_a=32, phases=1, capacity_wh=40_000, soc=55, ripple=0.04),
    Car(max_a=32, phases=3, capacity_wh=90_000, soc=20, ripple=0.04),
    Car(max_a=16, phases=2, capacity_wh=30_000, soc=62, ripple=0.04),
)


class Driver:
    """Somebody at one connector; each step is done at once, what begins with `until` waits."""

    def __init__(self, client: Client, connector: int = 1) -> None:
        self._client = client
        self._number = connector
        self._connector = client.station.connectors[connector]

    @property
    def phase(self) -> Phase:
        return self._connector.phase

    def plug(self, car: Car = CARS[0]) -> None:
        charging.plug(self._client.station, self._connector, car, self._client.clock())
        self._client.step()

    def unplug(self) -> None:
        charging.unplug(self._client.station, self._connector, self._client.clock())
        self._client.step()

    def present_card(self, id_tag: str) -> None:
        charging.present_card(self._client.station, self._connector, id_tag, self._client.clock())
        self._client.step()

    def pause_car(self, *, paused: bool) -> None:
        """The car stops drawing, or goes on."""
        charging.pause(self._client.station, self._connector, self._client.clock(), paused=paused)
        self._client.step()

    def fault(self, code: ChargePointErrorCode) -> None:
        faults.break_down(self._client.station, self._connector, code, self._client.clock())
        self._client.step()

    def repair(self) -> None:
        faults.repair(self._client.station, self._connector, self._client.clock())
        self._client.step()

    async def until_accepted(self) -> None:
        """Wait until the central system has accepted the station."""
        await self._client.until(lambda: self._client.station.accepted)

    async def until_phase(self, *phases: Phase) -> None:
        await self._client.until(lambda: self.phase in phases)

    async def until_charged(self, energy_wh: float) -> None:
        """Wait until so much was charged, or the transaction has ended."""
        await self._client.until(lambda: self.session_wh is None or self.session_wh >= energy_wh)

    @property
    def session_wh(self) -> float | None:
        """What the running transaction has charged; None when none runs."""
        transaction = self._client.station.transaction(self._number)
        if transaction is None:
            return None
        return self._connector.meter.register_wh - transaction.meter_start_wh


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """What chance decides about the visits to one connector; times in seconds, before `speed`."""

    tokens: tuple[str, ...]
    rest_s: tuple[float, float] = (20.0, 120.0)
    charge_s: tuple[float, float] = (300.0, 1800.0)
    first_s: float = 2.0


Script = Callable[[Client, Driver, Visit, random.Random], Awaitable[None]]


async def charge(client: Client, driver: Driver, visit: Visit, chance: random.Random) -> None:
    """One visit: plug in, show a card, charge (the car rests once in a while), leave."""
    pace = client.setup.speed
    await driver.until_accepted()
    await driver.until_phase(Phase.AVAILABLE)
    id_tag = chance.choice(visit.tokens)
    driver.plug(chance.choice(CARS))
    await asyncio.sleep(1.5)
    driver.present_card(id_tag)
    try:
        async with asyncio.timeout(20):
            await driver.until_phase(Phase.CHARGING, Phase.SUSPENDED_EV, Phase.SUSPENDED_EVSE)
    except TimeoutError:
        driver.unplug()
        return
    length_s = chance.uniform(*visit.charge_s) / pace
    await _charging(driver, length_s * chance.uniform(0.4, 0.7))
    if chance.random() < 0.25 and driver.phase is Phase.CHARGING:
        driver.pause_car(paused=True)
        await asyncio.sleep(min(8.0, length_s / 10))
        driver.pause_car(paused=False)
    await _charging(driver, length_s * 0.4)
    if chance.random() < 0.5 and driver.session_wh is not None:
        driver.present_card(id_tag)
        await asyncio.sleep(2.5)
    driver.unplug()


async def faulty(_client: Client, driver: Driver, visit: Visit, chance: random.Random) -> None:
    """A visit during which the connector breaks down for a while."""
    await driver.until_accepted()
    await driver.until_phase(Phase.AVAILABLE)
    driver.plug(chance.choice(CARS))
    driver.present_card(chance.choice(visit.tokens))
    await asyncio.sleep(5)
    driver.fault(ChargePointErrorCode.GROUND_FAILURE)
    await asyncio.sleep(10)
    driver.repair()
    driver.unplug()


async def offline(client: Client, driver: Driver, visit: Visit, chance: random.Random) -> None:
    """A visit during which the network is lost: the card was seen before, all is told later."""
    await driver.until_accepted()
    await driver.until_phase(Phase.AVAILABLE)
    driver.plug(chance.choice(CARS))
    driver.present_card(chance.choice(visit.tokens))
    await asyncio.sleep(5)
    client.go_offline()
    await asyncio.sleep(10)
    driver.unplug()
    client.come_back()
    await driver.until_accepted()


async def idle(_client: Client, _driver: Driver, _visit: Visit, _chance: random.Random) -> None:
    """Nobody comes; the station waits for orders."""
    await asyncio.sleep(3_600)


SCRIPTS: Final[Mapping[str, Script]] = {"charge": charge, "faulty": faulty, "offline": offline, "idle": idle}


async def visits(
    client: Client, number: int, script: Script, visit: Visit, chance: random.Random, *, once: bool = False
) -> None:
    """Let one visit follow another at a connector; `once`: one, and time for all of it to be told."""
    driver = Driver(client, number)
    await driver.until_accepted()
    await asyncio.sleep(visit.first_s)
    while True:
        await script(client, driver, visit, chance)
        if once:
            await client.until(lambda: client.station.accepted and not len(client.station.outbox))
            return
        await asyncio.sleep(chance.uniform(*visit.rest_s) / client.setup.speed)


async def _charging(driver: Driver, seconds: float) -> None:
    """Wait, but not for a transaction that others have ended."""
    try:
        async with asyncio.timeout(seconds):
            await driver.until_charged(float("inf"))
    except TimeoutError:
        return
