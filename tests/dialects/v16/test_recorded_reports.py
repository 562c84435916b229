"""What real stations sent, as they sent it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ostler.dialects.v16 import DIALECT
from ostler.ocpp import v16

FRAMES = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "frames.jsonl").read_text().splitlines()
]
REPORTS = [
    (frame["vendor"], frame["frame"])
    for frame in FRAMES
    if frame["version"] == "1.6" and frame["direction"] == "cs>csms" and frame["frame"][0] == 2
    if v16.REQUESTS[frame["frame"][2]] in DIALECT.answers
]


def recorded(vendor, action, number=0):
    found = [frame[3] for maker, frame in REPORTS if maker == vendor and frame[2] == action]
    return found[number]


@pytest.mark.parametrize(
    ("vendor", "frame"), REPORTS, ids=lambda one: one if isinstance(one, str) else one[2]
)
def test_every_recorded_report_is_answered_by_the_schema(cp, vendor, frame):
    cp.say(frame[2], frame[3])


def test_legrand_counts_power_to_the_car_as_import(cp):
    cp.say("BootNotification", recorded("Legrand", "BootNotification"))
    cp.say("MeterValues", recorded("Legrand", "MeterValues"))

    row = cp.connector(2)
    assert row["power_w"] == 381.79993
    assert cp.rows("meter_values")[0]["samples"][2][0] == "Power.Active.Import"


def test_legrand_sessions_from_start_to_stop(cp):
    cp.say("BootNotification", recorded("Legrand", "BootNotification"))
    number = cp.say("StartTransaction", recorded("Legrand", "StartTransaction"))["transactionId"]
    cp.say("MeterValues", recorded("Legrand", "MeterValues") | {"transactionId": number})
    cp.say("StopTransaction", recorded("Legrand", "StopTransaction") | {"transactionId": number})

    row = cp.transaction(number)
    assert (row["energy_wh"], row["ended_at"] - row["started_at"]) == (16, 158_834)
    assert row["marks"] == ["refused", "offline", "other-token"]


def test_alfen_current_without_measurand_and_with_an_impossible_number(cp):
    cp.say("BootNotification", recorded("Alfen BV", "BootNotification"))
    cp.say("MeterValues", recorded("Alfen BV", "MeterValues"))

    measures = cp.connector()["measures"]
    assert measures["Current.Import"][0] == 15.63
    assert measures["Current.Offered"][0] == 16


def test_goe_total_power_is_not_the_sum_of_its_phases(cp):
    cp.say("MeterValues", recorded("go-e", "MeterValues"))

    row = cp.connector()
    assert (row["power_w"], row["register_wh"]) == (30, 755295.01)


def test_single_phase_current_on_the_neutral(cp):
    cp.say("MeterValues", recorded("Injet", "MeterValues"))

    row = cp.connector()
    assert (row["power_w"], row["measures"]["Current.Import.L1"][0]) == (3500, 15.6)


def test_huawei_meter_value_as_a_single_object(cp):
    cp.say("MeterValues", recorded("Huawei", "MeterValues"))

    assert cp.rows("meter_values")[0]["samples"] == [
        ["Energy.Active.Import.Register", 0, "Wh", "", "", "Transaction.Begin"]
    ]


def test_direct_current_in_kilowatt_hours(cp):
    cp.say("MeterValues", recorded("(anonymised DC brand)", "MeterValues"))

    row = cp.connector()
    assert (row["power_w"], row["register_wh"]) == (20700, 30850873.3)
    assert row["measures"]["SoC"][0] == 67


def test_grizzle_line_to_neutral_power_and_a_stop_before_its_start(cp):
    cp.say("BootNotification", recorded("United Chargers", "BootNotification"))
    cp.say("MeterValues", recorded("United Chargers", "MeterValues"))
    number = cp.say("StartTransaction", recorded("United Chargers", "StartTransaction"))["transactionId"]
    cp.say("StopTransaction", recorded("United Chargers", "StopTransaction") | {"transactionId": number})

    row = cp.transaction(number)
    assert row["energy_wh"] == 40330
    assert "clock" in row["marks"]
    assert cp.connector()["measures"]["Power.Active.Import.L1"][0] == 0


def test_schneider_serial_number_longer_than_the_schema_allows(cp):
    cp.say("BootNotification", recorded("Schneider Electric", "BootNotification"))

    [row] = cp.rows("stations")
    assert row["serial"] == "3N180xxxxxxxxxxxxxxxxxxxxx"
    assert row["boot_info"]["charge_box_serial_number"] == "EVB" + "x" * 31


def test_wallbox_empty_texts_are_no_information(cp):
    cp.say("BootNotification", recorded("Wall Box Chargers", "BootNotification"))

    info = cp.rows("stations")[0]["boot_info"]
    assert info == {
        "charge_point_serial_number": "386285",
        "charge_box_serial_number": "386285",
        "meter_type": "Internal NON compliant",
    }


def test_abb_null_as_a_text(cp):
    cp.say("StatusNotification", recorded("ABB", "StatusNotification"))

    row = cp.connector()
    assert (row["status"], row["vendor_error_code"]) == ("Preparing", "0x00")
