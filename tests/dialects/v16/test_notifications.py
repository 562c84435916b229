from __future__ import annotations

import pytest

from ostler.domain.events import ConnectorChanged, StationNotice
from ostler.services.notices import KEPT

# --- status ---


@pytest.mark.parametrize(
    "word",
    [
        "Available", "Preparing", "Charging", "SuspendedEVSE", "SuspendedEV",
        "Finishing", "Reserved", "Unavailable", "Faulted",
    ],
)  # fmt: skip
def test_the_nine_words_are_kept(cp, word):
    cp.status(word)

    assert (cp.connector()["status"], cp.connector()["status_original"]) == (word, "")


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Free", "Available"),
        ("Suspended_EV", "SuspendedEV"),
        ("Occupied", "Preparing"),
        ("Out of service", "Unavailable"),
        ("Error", "Faulted"),
        ("Gibberish", "Unavailable"),
    ],
)
def test_another_word_is_understood_and_kept_as_it_came(cp, said, meant):
    cp.status(said)

    assert (cp.connector()["status"], cp.connector()["status_original"]) == (meant, said)


def test_a_word_that_tells_nothing_leaves_the_status_as_it_was(cp):
    cp.status("Preparing")
    cp.status("Gibberish")

    assert cp.connector()["status"] == "Preparing"


def test_occupied_while_a_transaction_runs_is_charging(cp):
    cp.start()
    cp.status("Occupied")

    assert cp.connector()["status"] == "Charging"


def test_connector_0_is_the_station_as_a_whole(cp):
    cp.say("StatusNotification", {"connectorId": 0, "status": "Faulted", "errorCode": "Error"})

    row = cp.connector(0)
    assert (row["connector"], row["status"], row["error_code"]) == (0, "Faulted", "Error")


def test_all_of_a_status_is_kept(cp):
    info = '{"reason":"plugInGun","cpv":0,"rv":0,"more":"than fifty characters"}'
    cp.status("Finishing", info=info, vendorId="EN+", vendorErrorCode="0x0000", timestamp=cp.clock())

    row = cp.connector()
    assert (row["info"], row["vendor_id"], row["vendor_error_code"]) == (info, "EN+", "0x0000")
    assert row["status_at"] == row["changed_at"] == int(cp.now.timestamp() * 1000)


def test_a_status_without_time_counts(cp):
    cp.status("Charging", timestamp=cp.clock())
    cp.status("Available")

    assert cp.connector()["status"] == "Available"


def test_of_equal_times_the_later_word_counts(cp):
    at = cp.clock()
    cp.status("Preparing", timestamp=at)
    cp.status("Charging", timestamp=at)

    assert cp.connector()["status"] == "Charging"


def test_an_older_status_that_comes_late_does_not_count(cp):
    cp.status("Charging", timestamp=cp.clock())
    cp.later(seconds=5)

    cp.status("Preparing", timestamp=cp.clock(minutes=-1))

    assert cp.connector()["status"] == "Charging"


def test_after_a_boot_with_the_clock_set_back_the_status_counts(cp):
    cp.status("Charging", timestamp=cp.clock())
    cp.later(seconds=30)
    cp.say("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M"})
    cp.later(seconds=1)

    cp.status("Available", timestamp=cp.clock(hours=-2))

    assert cp.connector()["status"] == "Available"


def test_a_clock_that_was_set_back_does_not_freeze_the_status(cp):
    cp.status("Charging", timestamp=cp.clock())
    cp.later(minutes=11)

    cp.status("Available", timestamp=cp.clock(hours=-2))

    assert cp.connector()["status"] == "Available"


def test_a_clock_that_was_ahead_does_not_freeze_the_status(cp):
    cp.status("Charging", timestamp=cp.clock(hours=2))
    cp.later(seconds=5)

    cp.status("Available", timestamp=cp.clock())

    assert cp.connector()["status"] == "Available"


@pytest.mark.parametrize("word", ["Available", "Unavailable", "Faulted"])
def test_where_nothing_charges_there_is_no_power(cp, word):
    cp.sample({"value": "7000", "measurand": "Power.Active.Import"})

    cp.status(word)

    assert cp.connector()["power_w"] == 0


def test_a_pause_keeps_the_last_power_until_the_next_sample(cp):
    cp.sample({"value": "7000", "measurand": "Power.Active.Import"})

    cp.status("SuspendedEV")

    assert cp.connector()["power_w"] == 7000


@pytest.mark.parametrize(
    ("word", "status"), [("Faulted", "cancelled"), ("Unavailable", "cancelled"), ("Available", "active")]
)
def test_a_connector_that_is_lost_loses_its_reservation(cp, word, status):
    cp.sql(
        "INSERT INTO reservations (station, evse, connector, id_token, expires_at, status, created_at)"
        " VALUES (?, 1, 1, 'TAG', 4000000000000, 'active', 0)",
        cp.pk,
    )

    cp.status(word)

    assert cp.rows("reservations")[0]["status"] == status


def test_available_does_not_end_a_transaction(cp):
    number = cp.start()

    cp.status("Available")

    assert cp.transaction(number)["ended_at"] is None
    assert cp.connector()["transaction"] is not None


def test_a_change_is_told_to_the_world_and_a_repetition_is_not(cp):
    cp.status("Charging", info="x")
    cp.status("Charging", info="x")

    assert cp.events(ConnectorChanged) == [
        ConnectorChanged(
            at=cp.now, station="CP1", evse=1, connector=1, status="Charging", error_code="NoError", info="x"
        )
    ]


# --- notices ---


@pytest.mark.parametrize(
    ("action", "payload", "kind", "status", "data"),
    [
        ("FirmwareStatusNotification", {"status": "Installed"}, "firmware", "Installed", None),
        (
            "SignedFirmwareStatusNotification",
            {"status": "InvalidSignature", "requestId": 5},
            "firmware",
            "InvalidSignature",
            {"request_id": 5},
        ),
        ("DiagnosticsStatusNotification", {"status": "Uploaded"}, "diagnostics", "Uploaded", None),
        (
            "LogStatusNotification",
            {"status": "Uploading", "requestId": 7},
            "log",
            "Uploading",
            {"request_id": 7},
        ),
        ("LogStatusNotification", {"status": "Idle"}, "log", "Idle", None),
        (
            "SecurityEventNotification",
            {"type": "TamperDetectionActivated", "timestamp": "2026-06-01T11:00:00Z", "techInfo": "lid"},
            "security",
            "TamperDetectionActivated",
            {"timestamp": "2026-06-01T11:00:00Z", "tech_info": "lid"},
        ),
    ],
)
def test_a_notice_is_kept_and_told(cp, action, payload, *, kind, status, data):
    assert cp.say(action, payload) == {}

    [row] = cp.rows("notices")
    assert (row["kind"], row["status"], row["data"]) == (kind, status, data)
    [event] = cp.events(StationNotice)
    assert (event.kind, event.status) == (kind, status)


def test_a_request_for_a_certificate_is_kept_and_rejected(cp):
    assert cp.say("SignCertificate", {"csr": "-----BEGIN"}) == {"status": "Rejected"}
    assert cp.rows("notices")[0]["data"] == {"csr": "-----BEGIN"}


def test_notices_of_a_kind_are_bounded(cp):
    for _ in range(KEPT + 5):
        cp.say("DiagnosticsStatusNotification", {"status": "Idle"})
    cp.say("FirmwareStatusNotification", {"status": "Idle"})

    assert len(cp.rows("notices", "kind = 'diagnostics'")) == KEPT
    assert len(cp.rows("notices", "kind = 'firmware'")) == 1


def test_a_vendors_data_is_accepted_and_told_but_not_heaped_up(cp):
    said = {"vendorId": "EN+", "messageId": "gatewayInfo", "data": "x" * 5000}

    assert cp.say("DataTransfer", said) == {"status": "Accepted"}
    assert cp.rows("notices") == []
    [event] = cp.events(StationNotice)
    assert (event.kind, event.status) == ("data-transfer", "EN+")
    assert (event.data["message_id"], len(event.data["data"])) == ("gatewayInfo", 2000)


def test_a_vendors_message_without_data_is_accepted(cp):
    assert cp.say("DataTransfer", {"vendorId": "EN+"}) == {"status": "Accepted"}
