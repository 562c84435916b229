"""Clocks that are wrong: the message is kept, the time marked, and ours shown (quirks E)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from harness.script import Holds, Logs, Says, Script, metered, play, script, start, status, stop, wh

NEAR = "abs({} - 1000 * strftime('%s', 'now')) < 60000"
IS_NOW = f"SELECT {NEAR.format('started_at')}, marks FROM transactions"


def two_hours_ahead() -> str:
    """Local time that is written as UTC."""
    return (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")


def impossible(at: str, why: str) -> Script:
    return script(
        f"a start at {why} is answered, marked, and counts from when it was heard",
        "quirks E, D20",
        start(at=at, answer={"idTagInfo": {"status": "Accepted"}}),
        Holds(IS_NOW, [[1, ["clock"]]]),
    )


def understood(text: str, ms: int) -> Script:
    return script(
        f"the time {text} is understood",
        "quirks E3",
        start(at=text),
        Holds("SELECT started_at, marks FROM transactions", [[ms, ["offline"]]]),
    )


NO_ZONE = '[{"path":"timestamp","rule":"time-without-zone","got":"2023-11-15T12:00:00"}]'
NOON = 1_700_049_600_000  # 2023-11-15T12:00:00Z

SCRIPTS = (
    impossible("0001-01-01T00:00:00Z", "year 1"),
    impossible("1970-01-01T00:00:10Z", "1970"),
    impossible("222222017-01-01T00:00:00Z", "year 222222017"),
    impossible("9999-12-31T23:59:59Z", "the end of time"),
    impossible("not a time", "no time at all"),
    impossible("", "an empty time"),
    impossible(two_hours_ahead(), "local time written as UTC"),
    understood("2023-11-15T12:00:00Z", NOON),
    understood("2023-11-15T12:00:00.000Z", NOON),
    understood("2023-11-15T14:00:00+02:00", NOON),
    understood("2023-11-15T12:00:00", NOON),
    understood("2023-11-15 12:00:00", NOON),
    understood("2023-11-15T12:00:00.123456789Z", NOON + 123),
    script(
        "a time without a zone is a deviation that the log shows",
        "quirks B2",
        start(at="2023-11-15T12:00:00"),
        Logs({"action": "StartTransaction", "outcome": "answered", "deviations": NO_ZONE}),
    ),
    script(
        "a start without a time is answered and kept",
        "tolerant in",
        Says("StartTransaction", {"connectorId": 1, "idTag": "ANNA", "meterStart": 5}),
        Holds("SELECT meter_start_wh, started_at IS NOT NULL FROM transactions", [[5, 1]]),
    ),
    script(
        "a stop before its start is kept, marked, and ends when it was heard",
        "quirks E7",
        start(),
        stop(at="@-21600"),
        Holds(f"SELECT energy_wh, stop_said_at, {NEAR.format('ended_at')}, marks FROM transactions",
              [[3000, "ms@-21600", 1, ["offline", "clock"]]]),
    ),
    script(
        "a stop at an impossible time ends its transaction when it was heard",
        "quirks E",
        start(),
        stop(at="222222017-01-01T00:00:00Z"),
        Holds(f"SELECT energy_wh, {NEAR.format('ended_at')}, marks FROM transactions",
              [[3000, 1, ["clock"]]]),
    ),
    script(
        "meter values at an impossible time count as now",
        "quirks D20",
        metered(wh(1500), at="1970-01-01T00:00:10Z"),
        Holds(f"SELECT energy_wh, {NEAR.format('at')} FROM meter_values", [[1500, 1]]),
        Holds("SELECT register_wh FROM connectors", [[1500]]),
    ),
    script(
        "a status at an impossible time is shown",
        "quirks E",
        status("Charging", at="222222017-01-01T00:00:00Z"),
        Holds("SELECT status FROM connectors", [["Charging"]]),
    ),
    script(
        "with a clock that was never set the next session is another transaction",
        "quirks D20",
        start(at="1970-01-01T00:00:10Z", wh=0),
        stop(at="1970-01-01T01:00:10Z", wh=500),
        start(at="1970-01-01T00:00:10Z", wh=0, tx="second"),
        Holds("SELECT count(*) FROM transactions", [[2]]),
    ),
)  # fmt: skip


@pytest.mark.parametrize("one", SCRIPTS, ids=str)
async def test_clocks(house, one):
    await play(house, one)


async def test_our_time_is_in_whole_seconds_with_a_z(house):
    await house.add()
    async with house.station(booted=True) as station:
        told = (await station.call("Heartbeat"))["currentTime"]

    assert len(told) == len("2026-01-01T00:00:00Z")
    assert told.endswith("Z")
