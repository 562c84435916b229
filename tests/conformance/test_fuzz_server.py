"""Frames and sequences that nobody thought of, against a running server: it serves the next message."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvloop
from harness.house import House
from harness.schemas import judge_response
from harness.station import BOOT, Station, open_station
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostler.dialects.v16 import DIALECT
from ostler.ocpp import v16

STATION_SAYS = [request.action for request in DIALECT.answers]
BOUNDED = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)

numbers = st.integers(-(2**65), 2**65) | st.sampled_from([0, 1, -1, 2**31 - 1, 2**31, 2**63 - 1, 2**63])
floats = st.floats(allow_nan=False, allow_infinity=False)
times = st.sampled_from(
    [
        "2026-06-01T12:00:00Z",
        "0001-01-01T00:00:00Z",
        "222222017-01-01T00:00:00Z",
        "2026-06-01T12:00:00",
        "",
        "Z",
    ]
)
words = st.sampled_from(
    ["ANNA", "Available", "NoError", "Wh", "Local", "1.5", "NaN", "-inf", "é", "\ud83d\ude00"]
)
scalars = st.none() | st.booleans() | numbers | floats | st.text(max_size=60) | words | times
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
samples = st.fixed_dictionaries(
    {"value": words | scalars},
    optional=dict.fromkeys(("measurand", "unit", "phase", "context", "format", "location"), words | scalars),
)
meter_values = st.lists(
    st.fixed_dictionaries({"timestamp": times | scalars, "sampledValue": st.lists(samples, max_size=3)}),
    max_size=3,
)
FIELDS = {
    "connectorId": st.integers(-1, 3) | scalars,
    "transactionId": numbers | scalars,
    "idTag": words | scalars,
    "meterStart": numbers | scalars,
    "meterStop": numbers | scalars,
    "timestamp": times | scalars,
    "status": words | scalars,
    "errorCode": words | scalars,
    "reason": words | scalars,
    "reservationId": numbers,
    "chargePointVendor": scalars,
    "chargePointModel": scalars,
    "vendorId": scalars,
    "data": scalars,
    "csr": scalars,
    "type": scalars,
    "requestId": numbers,
    "meterValue": meter_values | anything,
    "transactionData": meter_values | anything,
}
payloads = st.fixed_dictionaries({}, optional=FIELDS)
calls = st.tuples(
    st.just(2), st.text(max_size=40), st.sampled_from([*v16.REQUESTS, "Dance", ""]), payloads | anything
)
near_calls = st.tuples(st.sampled_from(STATION_SAYS), payloads)
frames = st.lists(anything, max_size=6) | calls | st.tuples(st.integers(0, 6), scalars, anything, anything)


class Stage:
    """A house in a loop of its own, which hypothesis' plain functions can use again and again."""

    def __init__(self, data_dir: Path) -> None:
        self.faults: list[dict[str, Any]] = []
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._runner.get_loop().set_exception_handler(lambda _loop, context: self.faults.append(context))
        self._runner.run(self._open(data_dir))

    async def _open(self, data_dir: Path) -> None:
        self.house = House(data_dir, messages_per_second=100_000.0, message_burst=100_000)
        await self.house.start()
        for identity in ("CP1", "CP2"):
            await self.house.add(identity, authorization="all")
        await self.house.token("ANNA")

    def play(self, talk: Callable[[Station], Any]) -> None:
        """Talk as a booted station; afterwards the server must be as it was."""

        async def run() -> None:
            async with open_station(self.house.url, booted=True) as station:
                await talk(station)
                assert (await served(station))["currentTime"]

        self._runner.run(run())
        assert self.faults == []
        assert self.house.store.health().ok

    def close(self) -> None:
        self._runner.run(self.house.stop())
        self._runner.close()


async def served(station: Station) -> dict[str, Any]:
    """Ask for the time; what else comes are answers to what was fuzzed, or calls of the server's own."""
    await station.send('[2,"the-next-one","Heartbeat",{}]')
    while (frame := await station.frame())[1] != "the-next-one":
        assert frame[0] in {2, 3, 4}
        if frame[0] == 4:
            assert frame[2] != "InternalError", frame
    assert frame[0] == 3
    return frame[2]


@pytest.fixture(scope="module")
def stage(migrated: Path) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory() as folder:
        for file in migrated.glob("*.db"):
            shutil.copy(file, folder)
        stage = Stage(Path(folder))
        yield stage
        stage.close()


@BOUNDED
@given(texts=st.lists(st.text(max_size=200) | frames.map(json.dumps), min_size=1, max_size=8))
def test_any_texts_are_survived(stage, texts):
    async def talk(station: Station) -> None:
        for text in texts:
            await station.send(text)

    stage.play(talk)


@BOUNDED
@given(chunks=st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_any_bytes_are_survived(stage, chunks):
    async def talk(station: Station) -> None:
        for chunk in chunks:
            await station.socket.send(chunk)
            await station.socket.send(chunk, text=True)

    stage.play(talk)


@BOUNDED
@given(sequence=st.lists(near_calls, min_size=1, max_size=10))
def test_any_sequence_of_reports_is_answered_in_order(stage, sequence):
    async def talk(station: Station) -> None:
        for number, (action, payload) in enumerate(sequence):
            await station.send(json.dumps([2, f"n{number}", action, payload]))
            frame = await station.answer_to(f"n{number}")
            assert frame[0] == 3 or frame[2] != "InternalError", (frame, action, payload)
            if frame[0] == 3:
                judge_response(action, frame[2])

    stage.play(talk)


@BOUNDED
@given(payload=st.fixed_dictionaries(
    {name: FIELDS[name] for name in ("connectorId", "idTag", "meterStart", "timestamp")}))  # fmt: skip
def test_a_start_that_says_who_and_where_is_always_answered(stage, payload):
    async def talk(station: Station) -> None:
        frame = await said(station, "StartTransaction", payload)
        if isinstance(payload["connectorId"], int) and isinstance(payload["idTag"], str):
            assert frame[0] == 3 or not 0 <= payload["connectorId"] < 2**31, frame

    stage.play(talk)


@BOUNDED
@given(cut=st.integers(0, 400), insert=st.text(max_size=5), number=st.integers(0, 2**31))
def test_a_good_message_that_is_damaged_anywhere_is_survived(stage, cut, insert, number):
    sample = {"value": "1500", "measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    value = {"timestamp": "2026-06-01T12:00:00Z", "sampledValue": [sample]}
    text = json.dumps(
        [2, "x", "MeterValues", {"connectorId": 1, "transactionId": number, "meterValue": [value]}]
    )

    async def talk(station: Station) -> None:
        await station.send(text[:cut] + insert + text[cut + 1 :])

    stage.play(talk)


async def said(station: Station, action: str, payload: dict[str, Any]) -> list[Any]:
    await station.send(json.dumps([2, "said", action, payload]))
    return await station.answer_to("said")


def test_the_other_station_noticed_nothing(stage):
    """What one station sends is its own trouble."""

    async def run() -> None:
        async with open_station(stage.house.url, "CP2") as station:
            await station.call("BootNotification", BOOT)
            assert await station.call("Authorize", {"idTag": "ANNA"})
        assert await stage.house.rows("SELECT t.pk FROM transactions t JOIN stations s ON s.pk = t.station"
                                      " WHERE s.id = 'CP2'") == []  # fmt: skip

    stage._runner.run(run())
