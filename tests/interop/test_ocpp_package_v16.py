"""Every message of OCPP 1.6, both ways, with a station that others wrote."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from harness.package_station import ANSWERS, HASHES, package_station
from harness.raw_calls import LATER, PEM, PROFILE, RAW
from ocpp.v16 import call

from ostler.domain import commands
from ostler.domain.commands import ParameterChange, RawCall
from ostler.domain.words import Result
from ostler.ocpp import v16

ORDERS = {
    "CertificateSigned": commands.CertificateSigned(certificate_chain=PEM),
    "ChangeAvailability": commands.SetAvailability(connector=1, available=False),
    "ClearCache": commands.ClearCache(),
    "ClearChargingProfile": commands.ClearChargingProfile(profile_id=7),
    "DataTransfer": commands.DataTransfer(vendor_id="Ostler", message_id="hello", data="world"),
    "DeleteCertificate": commands.DeleteCertificate(**HASHES),
    "ExtendedTriggerMessage": commands.Trigger(message="SignChargePointCertificate"),
    "GetCompositeSchedule": commands.GetCompositeSchedule(connector=1, duration_s=600),
    "GetConfiguration": commands.ReadParameters(),
    "GetDiagnostics": commands.GetDiagnostics(location="ftp://files.example/up"),
    "GetInstalledCertificateIds": commands.GetInstalledCertificateIds(kind="CentralSystemRootCertificate"),
    "GetLocalListVersion": commands.GetLocalListVersion(),
    "GetLog": commands.GetLog(location="https://files.example/up", kind="SecurityLog"),
    "InstallCertificate": commands.InstallCertificate(kind="CentralSystemRootCertificate", certificate=PEM),
    "RemoteStartTransaction": commands.StartCharging(token="ANNA", connector=1),
    "ReserveNow": commands.Reserve(token="ANNA", connector=1, expires_at=LATER),
    "Reset": commands.Reset(kind="hard"),
    "SendLocalList": commands.SendLocalList(),
    "SetChargingProfile": commands.SetChargingProfile(connector=1, profile=PROFILE),
    "SignedUpdateFirmware": commands.UpdateFirmware(
        location="https://files.example/fw", retrieve_at=LATER, signature="c2ln", signing_certificate=PEM
    ),
    "TriggerMessage": commands.Trigger(message="StatusNotification", connector=1),
    "UnlockConnector": commands.Unlock(connector=1),
    "UpdateFirmware": commands.UpdateFirmware(location="ftp://files.example/fw", retrieve_at=LATER),
}
"""Orders by the message that they must become; those that need something before have tests of their own."""
HAVE_THEIR_OWN_TEST = {"CancelReservation", "ChangeConfiguration", "RemoteStopTransaction"}


@pytest.fixture
async def station(house):
    """The station CP1, booted; ANNA may charge there."""
    await house.add(authorization="all")
    await house.token("ANNA", name="Anna")
    async with package_station(house.url) as station:
        yield station


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


async def started(station) -> int:
    answer = await station.call(
        call.StartTransaction(connector_id=1, id_tag="ANNA", meter_start=1000, timestamp=now()),
        suppress=False,
    )
    assert answer.id_tag_info["status"] == "Accepted"
    return answer.transaction_id


def test_every_message_of_the_version_is_tried():
    from_stations = {name.removeprefix("test_station_says_") for name in globals()}
    from_stations = {action for action in v16.REQUESTS if action.lower() in from_stations}

    assert set(ORDERS) | HAVE_THEIR_OWN_TEST == set(RAW) == set(ANSWERS)
    assert len(RAW) == 26
    assert len(from_stations) == 14
    assert from_stations | set(RAW) == set(v16.REQUESTS)


@pytest.mark.parametrize("action", sorted(ORDERS))
async def test_an_order_reaches_the_station_as_its_message(house, station, action):
    result = await house.order("CP1", ORDERS[action])

    assert result.result is Result.ACCEPTED, result
    assert result.detail
    assert action in station.actions


@pytest.mark.parametrize("action", sorted(RAW))
async def test_a_raw_call_reaches_the_station_and_its_answer_comes_back(house, station, action):
    result = await house.order("CP1", RawCall(action=action, payload=RAW[action]))

    assert result.result is Result.ACCEPTED, result
    assert result.data["outcome"] == "answered"
    assert station.actions[-1] == action
    sent = [row for row in await house.logged() if row["direction"] == "out" and row["action"] == action]
    assert (sent[-1]["outcome"], msgspec.json.decode(sent[-1]["request"])) == ("answered", RAW[action])


async def test_a_parameter_is_written_and_read_back(house, station):
    change = ParameterChange(key="HeartbeatInterval", value="300")
    result = await house.order("CP1", commands.WriteParameters(changes=(change,)))

    assert result.result is Result.ACCEPTED, result
    assert station.last("ChangeConfiguration") == {"key": "HeartbeatInterval", "value": "300"}
    assert (await house.one("SELECT value FROM parameters WHERE key = 'HeartbeatInterval'"))["value"] == "300"


async def test_a_reservation_is_made_and_cancelled(house, station):
    made = await house.order("CP1", ORDERS["ReserveNow"])
    reservation_id = made.data["reservation_id"]
    assert station.last("ReserveNow")["reservation_id"] == reservation_id
    assert (await house.one("SELECT status FROM reservations"))["status"] == "active"

    result = await house.order("CP1", commands.CancelReservation(reservation_id=reservation_id))

    assert result.result is Result.ACCEPTED, result
    assert station.last("CancelReservation") == {"reservation_id": reservation_id}
    assert (await house.one("SELECT status FROM reservations"))["status"] == "cancelled"


async def test_a_running_transaction_is_stopped_by_the_number_that_the_station_knows(house, station):
    number = await started(station)
    pk = (await house.one("SELECT pk FROM transactions"))["pk"]

    result = await house.order("CP1", commands.StopCharging(transaction_id=pk))

    assert result.result is Result.ACCEPTED, result
    assert station.last("RemoteStopTransaction") == {"transaction_id": number}


async def test_an_installed_profile_is_remembered(house, station):
    await house.order("CP1", ORDERS["SetChargingProfile"])

    row = await house.one("SELECT evse, purpose, stack_level FROM charging_profiles")
    assert row == {"evse": 1, "purpose": "TxDefaultProfile", "stack_level": 0}
    period = station.last("SetChargingProfile")["cs_charging_profiles"]["charging_schedule"]
    assert float(period["charging_schedule_period"][0]["limit"]) == 10.5


async def test_a_local_list_holds_whom_the_station_authorises(house, station):
    await house.order("CP1", ORDERS["SendLocalList"])

    sent = station.last("SendLocalList")
    assert sent["update_type"] == "Full"
    assert [entry["id_tag"] for entry in sent["local_authorization_list"]] == ["ANNA"]
    assert (await house.one("SELECT local_list_version AS version FROM stations"))["version"] == sent[
        "list_version"
    ]


# --- what stations say, one test a message


async def test_station_says_authorize(house, station):
    answer = await station.call(call.Authorize(id_tag="anna"), suppress=False)

    assert answer.id_tag_info["status"] == "Accepted"
    assert (await house.one("SELECT last_used_at AS used FROM tokens"))["used"] is not None


async def test_station_says_bootnotification(house, station):
    await station.call(
        call.BootNotification(
            charge_point_vendor="Maker",
            charge_point_model="Box",
            charge_point_serial_number="S-1",
            firmware_version="2.0",
            meter_serial_number="M-1",
        ),
        suppress=False,
    )

    row = await house.one("SELECT vendor, model, serial, firmware, registration, boot_info FROM stations")
    assert "M-1" in row.pop("boot_info")
    assert list(row.values()) == ["Maker", "Box", "S-1", "2.0", "Accepted"]


async def test_station_says_datatransfer(house, station):
    answer = await station.call(
        call.DataTransfer(vendor_id="Maker", message_id="x", data="y"), suppress=False
    )

    assert answer.status == "Accepted"
    assert '"data":"y"' in (await house.logged())[-1]["request"].replace(" ", "")


async def test_station_says_diagnosticsstatusnotification(house, station):
    await station.call(call.DiagnosticsStatusNotification(status="Uploaded"), suppress=False)

    assert await notice(house) == ("diagnostics", "Uploaded")


async def test_station_says_firmwarestatusnotification(house, station):
    await station.call(call.FirmwareStatusNotification(status="Installed"), suppress=False)

    assert await notice(house) == ("firmware", "Installed")


async def test_station_says_heartbeat(station):
    answer = await station.call(call.Heartbeat(), suppress=False)

    told = datetime.fromisoformat(answer.current_time)
    assert abs(datetime.now(UTC) - told) < timedelta(seconds=5)


async def test_station_says_logstatusnotification(house, station):
    await station.call(call.LogStatusNotification(status="Uploading", request_id=4), suppress=False)

    assert await notice(house) == ("log", "Uploading")


async def test_station_says_metervalues(house, station):
    number = await started(station)
    sample = {"value": "1.5", "measurand": "Energy.Active.Import.Register", "unit": "kWh"}
    power = {"value": "7.4", "measurand": "Power.Active.Import", "unit": "kW"}
    value = {"timestamp": now(), "sampled_value": [sample, power]}
    await station.call(
        call.MeterValues(connector_id=1, transaction_id=number, meter_value=[value]), suppress=False
    )

    row = await house.one("SELECT energy_wh, power_w, evse FROM meter_values")
    assert row == {"energy_wh": 1500, "power_w": 7400, "evse": 1}
    live = await house.one("SELECT power_w, session_wh FROM connectors WHERE evse = 1")
    assert live == {"power_w": 7400, "session_wh": 500}


async def test_station_says_securityeventnotification(house, station):
    await station.call(
        call.SecurityEventNotification(type="FirmwareUpdated", timestamp=now(), tech_info="2.0"),
        suppress=False,
    )

    assert await notice(house) == ("security", "FirmwareUpdated")


async def test_station_says_signcertificate(house, station):
    answer = await station.call(call.SignCertificate(csr="CSR"), suppress=False)

    assert answer.status == "Rejected"
    assert await notice(house) == ("certificate", "Requested")


async def test_station_says_signedfirmwarestatusnotification(house, station):
    await station.call(
        call.SignedFirmwareStatusNotification(status="SignatureVerified", request_id=5), suppress=False
    )

    assert await notice(house) == ("firmware", "SignatureVerified")


async def test_station_says_starttransaction(house, station):
    number = await started(station)

    row = await house.one("SELECT ocpp_id, evse, id_token, meter_start_wh, ended_at FROM transactions")
    assert list(row.values()) == [str(number), 1, "ANNA", 1000, None]


async def test_station_says_statusnotification(house, station):
    await station.call(
        call.StatusNotification(connector_id=2, error_code="GroundFailure", status="Faulted", info="wet"),
        suppress=False,
    )

    row = await house.one("SELECT status, error_code, info FROM connectors WHERE evse = 2")
    assert list(row.values()) == ["Faulted", "GroundFailure", "wet"]


async def test_station_says_stoptransaction(house, station):
    number = await started(station)
    answer = await station.call(
        call.StopTransaction(
            meter_stop=4500, timestamp=now(), transaction_id=number, reason="EVDisconnected", id_tag="ANNA"
        ),
        suppress=False,
    )

    assert answer.id_tag_info["status"] == "Accepted"
    row = await house.one("SELECT energy_wh, stop_reason, stop_token FROM transactions")
    assert list(row.values()) == [3500, "EVDisconnected", "ANNA"]


async def test_both_ways_at_once(house, station):
    """Crossing CALLs are allowed (OCPP-J 1.6 §4.1.1)."""
    async with asyncio.TaskGroup() as group:
        orders = [group.create_task(house.order("CP1", commands.ClearCache())) for _ in range(20)]
        answers = [group.create_task(station.call(call.Heartbeat(), suppress=False)) for _ in range(20)]

    assert {order.result().result for order in orders} == {Result.ACCEPTED}
    assert all(answer.result().current_time for answer in answers)


async def notice(house) -> tuple[str, str]:
    row = await house.one("SELECT kind, status FROM notices")
    return row["kind"], row["status"]
