from __future__ import annotations

import pytest

from ostler.domain.events import StationBooted, StationChanged

BOOT = {"chargePointVendor": "Legrand", "chargePointModel": "059004"}


def test_a_boot_is_accepted_with_the_time_in_whole_seconds(cp):
    cp.now = cp.now.replace(microsecond=123456)

    answer = cp.say("BootNotification", BOOT)

    assert answer == {"status": "Accepted", "currentTime": "2026-06-01T12:00:00Z", "interval": 300}


@pytest.mark.parametrize(("boot", "status"), [("pending", "Pending"), ("rejected", "Rejected")])
def test_the_record_of_a_station_decides_how_its_boot_is_answered(cp, boot, status):
    cp.sql("UPDATE stations SET boot = ?", boot)

    assert cp.say("BootNotification", BOOT)["status"] == status
    assert cp.rows("stations")[0]["registration"] == status


def test_the_heartbeat_interval_of_the_record_is_told(cp):
    cp.sql("UPDATE stations SET heartbeat_interval_s = 77")

    assert cp.say("BootNotification", BOOT)["interval"] == 77


def test_an_overlong_serial_number_is_kept_whole(cp):
    cp.say("BootNotification", BOOT | {"chargePointSerialNumber": "3N180" + "x" * 40})

    assert cp.rows("stations")[0]["serial"] == "3N180" + "x" * 40


def test_the_serial_number_of_the_box_stands_in_for_a_missing_one(cp):
    cp.say("BootNotification", BOOT | {"chargeBoxSerialNumber": "260988"})

    assert cp.rows("stations")[0]["serial"] == "260988"


def test_all_that_a_station_says_of_itself_is_kept(cp):
    cp.say("BootNotification", BOOT | {"firmwareVersion": "V1", "iccid": "-87", "meterType": "SW"})

    [row] = cp.rows("stations")
    assert (row["vendor"], row["model"], row["firmware"]) == ("Legrand", "059004", "V1")
    assert row["boot_info"] == {"iccid": "-87", "meter_type": "SW"}


def test_open_transactions_survive_a_boot(cp):
    number = cp.start()
    cp.later(minutes=5)

    cp.say("BootNotification", BOOT)

    assert cp.transaction(number)["ended_at"] is None
    assert cp.connector()["transaction"] is not None


def test_a_boot_is_told_to_the_world(cp):
    cp.say("BootNotification", BOOT)

    assert cp.events(StationBooted) == [
        StationBooted(at=cp.now, station="CP1", registration="Accepted", vendor="Legrand", model="059004")
    ]


def test_a_station_whose_record_was_deleted_is_not_answered(cp):
    cp.sql("DELETE FROM stations")

    with pytest.raises(LookupError):
        cp.say("BootNotification", BOOT)


def test_a_heartbeat_is_answered_with_the_time_in_whole_seconds(cp):
    cp.now = cp.now.replace(microsecond=999999)

    assert cp.say("Heartbeat", {}) == {"currentTime": "2026-06-01T12:00:00Z"}


def test_a_new_nameplate_is_told_to_who_treats_models_differently(cp):
    cp.say("BootNotification", BOOT)
    assert len(cp.events(StationChanged)) == 1

    cp.say("BootNotification", BOOT)
    assert len(cp.events(StationChanged)) == 1

    cp.say("BootNotification", BOOT | {"firmwareVersion": "2"})
    assert len(cp.events(StationChanged)) == 2
