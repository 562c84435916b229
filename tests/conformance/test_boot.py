"""BootNotification and what may be said around it (OCPP 1.6 §4.2)."""

from __future__ import annotations

import pytest
from harness.script import (
    Changes,
    Holds,
    IsAsked,
    IsRefused,
    Orders,
    Reconnects,
    Says,
    metered,
    play,
    script,
    start,
    status,
    stop,
)
from harness.station import BOOT

from ostler.domain.commands import ClearCache, StartCharging

AVAILABLE = {"connectorId": 1, "status": "Available", "errorCode": "NoError"}
FIRST_START = {"connectorId": 1, "idTag": "ANNA", "meterStart": 0, "timestamp": "@0"}


def boots(word: str, **answer):
    return Says("BootNotification", BOOT, {"status": word, **answer}, boots=False)


SCRIPTS = (
    script(
        "an accepted boot is told the time and the usual interval",
        "ocpp16 §4.2",
        boots("Accepted", interval=300),
        Holds("SELECT registration FROM stations WHERE id = 'CP1'", [["Accepted"]]),
    ),
    script(
        "the interval is that of the station's record",
        "ocpp16 §4.2",
        boots("Accepted", interval=42),
        heartbeat_interval_s=42,
    ),
    script(
        "a pending station may say nothing else",
        "EJ 3.8",
        boots("Pending"),
        IsRefused("Heartbeat", {}, "SecurityError"),
        IsRefused("StatusNotification", AVAILABLE, "SecurityError"),
        IsRefused("StartTransaction", FIRST_START, "SecurityError"),
        Holds("SELECT * FROM transactions", []),
        boot="pending",
    ),
    script(
        "a pending station is not told to charge, and is not even asked",
        "ocpp16 §4.2",
        boots("Pending"),
        Orders(StartCharging(token="ANNA", connector=1), "rejected"),
        boots("Pending"),
        boot="pending",
    ),
    script(
        "a rejected station may say nothing and is asked nothing",
        "ocpp16 §4.2",
        boots("Rejected"),
        IsRefused("Heartbeat", {}, "SecurityError"),
        Orders(ClearCache(), "rejected"),
        boots("Rejected"),
        boot="rejected",
    ),
    script(
        "a rejected station is still rejected when it comes back without a boot",
        "ocpp16 §4.2",
        boots("Rejected"),
        Reconnects(),
        IsRefused("Heartbeat", {}, "SecurityError"),
        boot="rejected",
    ),
    script(
        "a pending station that a person accepts is asked to boot at once, and served then",
        "ocpp16 §4.2",
        boots("Pending"),
        Changes({"boot": "accepted"}),
        IsAsked("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"}),
        boots("Accepted"),
        Says("Heartbeat"),
        boot="pending",
    ),
    script(
        "a call before the first boot is refused, and the station is asked to boot",
        "EJ 3.8",
        IsRefused("Heartbeat", {}, "SecurityError", boots=False),
        IsAsked("TriggerMessage", {"requestedMessage": "BootNotification"}, {"status": "Accepted"}),
        boots("Accepted"),
        Says("Heartbeat"),
    ),
    script(
        "transaction messages before the first boot are kept all the same",
        "ocpp16 §3.7",
        Says("StartTransaction", FIRST_START, boots=False, save={"tx": "transactionId"}),
        metered({"value": "10"}, at="@1", tx="$tx"),
        stop(at="@2", wh=20),
        Holds("SELECT energy_wh, meter_stop_wh FROM transactions", [[20, 20]]),
    ),
    script(
        "a station that comes back without a boot goes on as it was",
        "J16 §5.3",
        start(),
        status("Charging"),
        Reconnects(),
        Says("Heartbeat"),
        Holds("SELECT status FROM connectors WHERE evse = 1", [["Charging"]]),
        stop(),
        Holds("SELECT energy_wh FROM transactions", [[3000]]),
    ),
    script(
        "a boot ends no transaction: it may go on",
        "ocpp16 §3.7",
        start(),
        Reconnects(boots=True),
        Holds("SELECT ended_at FROM transactions", [[None]]),
        stop(),
        Holds("SELECT energy_wh FROM transactions", [[3000]]),
    ),
    script(
        "a station may boot twice on one connection",
        "E16 3.40",
        boots("Accepted"),
        boots("Accepted"),
        Says("Heartbeat"),
    ),
    script(
        "a boot with names longer than allowed loses none of them",
        "quirks C6, C7",
        Says(
            "BootNotification",
            {
                "chargePointVendor": "V" * 30,
                "chargePointModel": "M" * 30,
                "chargePointSerialNumber": "S" * 60,
            },
            {"status": "Accepted"},
            boots=False,
        ),
        Holds(
            "SELECT vendor, model, serial FROM stations WHERE id = 'CP1'", [["V" * 30, "M" * 30, "S" * 60]]
        ),
    ),
    script(
        "a boot without a model is answered",
        "tolerant in",
        Says("BootNotification", {"chargePointVendor": "V"}, {"status": "Accepted"}, boots=False),
        Says("Heartbeat"),
    ),
    script(
        "a strict station's boot without a model is refused",
        "strict switch",
        IsRefused(
            "BootNotification", {"chargePointVendor": "V"}, "OccurenceConstraintViolation", boots=False
        ),
        strict=True,
    ),
)


@pytest.mark.parametrize("one", SCRIPTS, ids=str)
async def test_boot(house, one):
    await play(house, one)
