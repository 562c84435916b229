"""StatusNotification (OCPP 1.6 §4.9)."""

from __future__ import annotations

import pytest
from harness.script import Holds, Reconnects, Script, metered, play, script, start, status, wh

STATUS = "SELECT status FROM connectors WHERE evse = 1"
WORDS = (
    "Available",
    "Preparing",
    "Charging",
    "SuspendedEV",
    "SuspendedEVSE",
    "Finishing",
    "Reserved",
    "Unavailable",
    "Faulted",
)
POWER = {"value": "7.4", "measurand": "Power.Active.Import", "unit": "kW"}


def shows(word: str) -> Script:
    return script(f"{word} is shown as it is", "ocpp16 §7.7", status(word), Holds(STATUS, [[word]]))


SCRIPTS = (
    *map(shows, WORDS),
    script(
        "connector 0 is the station",
        "ocpp16 §4.9",
        status("Unavailable", connector=0),
        status("Available"),
        Holds("SELECT evse, connector, status FROM connectors ORDER BY evse",
              [[0, 0, "Unavailable"], [1, 1, "Available"]]),
    ),
    script(
        "an error code with any status is a warning",
        "E16 3.19",
        status("Charging", says={"errorCode": "HighTemperature", "info": "67 C"}),
        Holds("SELECT status, error_code, info FROM connectors", [["Charging", "HighTemperature", "67 C"]]),
    ),
    script(
        "an error code that OCPP does not know is kept",
        "quirks C1",
        status("Faulted", connector=0, says={"errorCode": "Error"}),
        Holds("SELECT status, error_code FROM connectors", [["Faulted", "Error"]]),
    ),
    script(
        "a status that OCPP does not know is answered and kept",
        "quirks C26",
        status("Charging"),
        status("Dancing"),
        Holds("SELECT status_original FROM connectors", [["Dancing"]]),
    ),
    script(
        "a text longer than allowed is kept",
        "quirks C8",
        status("Available", says={"info": "x" * 300}),
        Holds("SELECT length(info) FROM connectors", [[300]]),
    ),
    script(
        "an older status does not overrule a newer one",
        "quirks E6",
        status("Charging", at="@-60"),
        status("Preparing", at="@-120"),
        Holds(STATUS, [["Charging"]]),
    ),
    script(
        "of two statuses of the same second the later one counts",
        "quirks E6",
        status("Preparing", at="@-60"),
        status("Charging", at="@-60"),
        Holds(STATUS, [["Charging"]]),
    ),
    script(
        "a clock that was set back by a reboot does not freeze the status",
        "quirks E6",
        status("Charging", at="@-60"),
        Reconnects(boots=True),
        status("Available", at="@-8000"),
        Holds(STATUS, [["Available"]]),
    ),
    script(
        "a status from the future does not freeze the next one",
        "quirks E4",
        status("Charging", at="@7200"),
        status("Finishing", at="@-1"),
        Holds(STATUS, [["Finishing"]]),
    ),
    script(
        "a status without a time counts",
        "ocpp16 §4.9",
        status("Charging", at="@-60"),
        status("Finishing"),
        Holds(STATUS, [["Finishing"]]),
    ),
    script(
        "a connector that is free draws no power",
        "quirks D10",
        start(),
        status("Charging"),
        metered(POWER, wh(1500), tx="$tx"),
        Holds("SELECT power_w FROM connectors WHERE evse = 1", [[7400]]),
        status("Available"),
        Holds("SELECT power_w FROM connectors WHERE evse = 1", [[0]]),
    ),
    script(
        "each station has connectors of its own",
        "ocpp16 §4.9",
        status("Charging"),
        status("Faulted", by="CP2"),
        Holds("SELECT s.id, c.status FROM connectors c JOIN stations s ON s.pk = c.station ORDER BY s.id",
              [["CP1", "Charging"], ["CP2", "Faulted"]]),
    ),
    script(
        "connector numbers may have gaps",
        "quirks C12",
        status("Available", connector=21),
        Holds("SELECT evse FROM connectors", [[21]]),
    ),
)  # fmt: skip


@pytest.mark.parametrize("one", SCRIPTS, ids=str)
async def test_status(house, one):
    await play(house, one)
