"""Stations that keep books: what each said, under which message ids, and what it was answered."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from websockets.exceptions import WebSocketException

from harness.station import Station, open_station

BACK_AFTER_S = 0.3
MOST_REFUSED = 20
EPOCH = datetime(2026, 6, 1, tzinfo=UTC)


class Entry(NamedTuple):
    """One message that was answered in the end: `ids` are all its attempts, the last one got the answer."""

    action: str
    payload: dict[str, Any]
    ids: tuple[str, ...]
    answer: dict[str, Any]


class Transaction(NamedTuple):
    """What the station knows of a transaction that it was answered both ends of."""

    number: int
    connector: int
    meter_start_wh: int
    meter_stop_wh: int


class Bookkeeper:
    """One station: charges again and again, repeats whatever is not answered, under a new id each time.

    Its clock is its own: one second a message, so that nothing depends on how fast the test runs.
    """

    def __init__(self, url: str, identity: str, seed: int) -> None:
        self.identity = identity
        self.entries: list[Entry] = []
        self.transactions: list[Transaction] = []
        self.status = {1: "", 2: ""}
        self.refused = 0
        self._url = url
        self._random = random.Random(f"{seed}-{identity}")
        self._clock = EPOCH
        self._meter_wh = self._random.randrange(10_000_000)
        self._attempts = 0
        self._station: Station | None = None
        self._closing: Callable[[], Awaitable[Any]] | None = None

    async def work(self, enough: asyncio.Event) -> None:
        """Charge until it is enough; ends between two transactions, with all books closed."""
        while not enough.is_set():
            await self._charge(self._random.choice((1, 2)))
        await self._hang_up()

    async def _charge(self, connector: int) -> None:
        await self._say_status(connector, "Preparing")
        began_wh = self._meter_wh
        start = {"connectorId": connector, "idTag": self.identity, "meterStart": began_wh}
        number = (await self._say("StartTransaction", start | {"timestamp": self._now()}))["transactionId"]
        await self._say_status(connector, "Charging")
        for _ in range(self._random.randint(0, 4)):
            self._meter_wh += self._random.randint(1, 200)
            await self._say("MeterValues", self._metered(connector, number))
        stop = {"transactionId": number, "meterStop": self._meter_wh, "timestamp": self._now()}
        await self._say("StopTransaction", stop | {"idTag": self.identity})
        self.transactions.append(Transaction(number, connector, began_wh, self._meter_wh))
        await self._say_status(connector, "Available")

    async def _say_status(self, connector: int, word: str) -> None:
        said = {"connectorId": connector, "errorCode": "NoError", "status": word, "timestamp": self._now()}
        await self._say("StatusNotification", said)
        self.status[connector] = word

    def _metered(self, connector: int, number: int) -> dict[str, Any]:
        sample = {"value": str(self._meter_wh), "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
        return {
            "connectorId": connector,
            "transactionId": number,
            "meterValue": [{"timestamp": self._now(), "sampledValue": [sample]}],
        }

    def _now(self) -> str:
        self._clock += timedelta(seconds=1)
        return self._clock.isoformat().replace("+00:00", "Z")

    async def _say(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Say it until it is answered (OCPP 1.6 §3.7), on as many connections as that takes."""
        ids: list[str] = []
        while True:
            self._attempts += 1
            ids.append(f"{self.identity}-{self._attempts}")
            try:
                station = self._station or await self._dial()
                answer = await self._ask(station, ids[-1], action, payload)
            except (OSError, WebSocketException, TimeoutError):
                await self._hang_up()
                await asyncio.sleep(BACK_AFTER_S * self._random.uniform(0.5, 1.5))  # back-off, not waiting
                continue
            if answer is not None:
                self.entries.append(Entry(action, payload, tuple(ids), answer))
                return answer
            self.refused += 1
            assert self.refused < MOST_REFUSED, f"{action} is refused again and again: {payload}"

    async def _ask(
        self, station: Station, id_: str, action: str, payload: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The answer; None for CALLERROR InternalError, after which a station repeats itself."""
        await station.send(json.dumps([2, id_, action, payload]))
        frame = await station.answer_to(id_)
        if frame[0] == 4:
            assert frame[2] == "InternalError", frame
            return None
        return frame[2]

    async def _dial(self) -> Station:
        opened = open_station(self._url, self.identity, booted=True)
        self._station = await opened.__aenter__()
        self._closing = lambda: opened.__aexit__(None, None, None)
        return self._station

    async def _hang_up(self) -> None:
        closing, self._closing, self._station = self._closing, None, None
        if closing is not None:
            await closing()
