from __future__ import annotations

from datetime import timedelta

import pytest
from harness.virtual import NOW

from ostler.ocpp import v16
from ostler.ocpp.v16 import Reason

PEM = """-----BEGIN CERTIFICATE-----
-----END CERTIFICATE-----"""


def statuses(csms, kind):
    return [each.status.value for each in csms.heard(kind)]


def update(csms, location="ftp://host/new-2.0.bin", after_s=0):
    retrieve = csms.now + timedelta(seconds=after_s)
    csms.ask(v16.UpdateFirmwareRequest(location=location, retrieve_date=retrieve))


def restart(csms):
    """Do what the shell does when the station hangs up."""
    assert csms.conversation.hangs_up
    csms.disconnect().wait(3).connect()


def test_a_firmware_is_fetched_installed_and_booted(csms):
    update(csms)
    csms.wait(8)
    restart(csms)

    assert statuses(csms, v16.FirmwareStatusNotificationRequest) == [
        "Downloading",
        "Downloaded",
        "Installing",
        "Installed",
    ]
    assert csms.heard(v16.BootNotificationRequest)[0].firmware_version == "new-2.0.bin"


def test_a_firmware_is_not_fetched_before_its_time(csms):
    update(csms, after_s=600)

    csms.wait(590, 5)

    assert statuses(csms, v16.FirmwareStatusNotificationRequest) == []


def test_a_firmware_from_nowhere_fails(csms):
    update(csms, "nowhere")

    csms.wait(10)

    assert statuses(csms, v16.FirmwareStatusNotificationRequest) == ["Downloading", "DownloadFailed"]


def test_a_firmware_waits_until_nobody_charges(charging_csms):
    update(charging_csms)
    charging_csms.wait(60)
    assert statuses(charging_csms, v16.FirmwareStatusNotificationRequest) == ["Downloading", "Downloaded"]

    charging_csms.unplug().wait(3)

    assert statuses(charging_csms, v16.FirmwareStatusNotificationRequest)[-1] == "Installing"


@pytest.fixture
def signed(monkeypatch):
    """A request whose certificate can be read: reading certificates has its own tests."""
    monkeypatch.setattr("ostler.sim.answers.files.x509.load_pem_x509_certificate", lambda pem: pem)

    def request(id_=7, location="https://host/new.bin"):
        firmware = v16.FirmwareType(
            location=location, retrieve_date_time=NOW, signing_certificate=PEM, signature="x"
        )
        return v16.SignedUpdateFirmwareRequest(request_id=id_, firmware=firmware)

    return request


def test_a_signed_firmware_is_verified_too(csms, signed):
    assert csms.ask(signed()).status.value == "Accepted"
    csms.wait(12.5)
    restart(csms)

    assert statuses(csms, v16.SignedFirmwareStatusNotificationRequest) == [
        "Downloading",
        "Downloaded",
        "SignatureVerified",
        "Installing",
        "InstallRebooting",
        "Installed",
    ]
    assert {each.request_id for each in csms.heard(v16.SignedFirmwareStatusNotificationRequest)} == {7}


def test_a_second_signed_firmware_takes_the_place_of_the_first(csms, signed):
    csms.ask(signed(7))

    assert csms.ask(signed(8)).status.value == "AcceptedCanceled"
    csms.wait(5)
    assert {each.request_id for each in csms.heard(v16.SignedFirmwareStatusNotificationRequest)} == {8}


def test_a_signed_firmware_from_nowhere_fails_and_waits_for_nobody(charging_csms, signed):
    charging_csms.ask(signed(location="nowhere"))

    charging_csms.wait(10)

    found = statuses(charging_csms, v16.SignedFirmwareStatusNotificationRequest)
    assert found == ["Downloading", "DownloadFailed"]


def test_a_signed_firmware_waits_until_nobody_charges(charging_csms, signed):
    charging_csms.ask(signed())

    charging_csms.wait(30)

    found = statuses(charging_csms, v16.SignedFirmwareStatusNotificationRequest)
    assert found[-1] == "SignatureVerified"


def test_a_firmware_signed_with_nonsense_is_refused(csms):
    firmware = v16.FirmwareType(
        location="https://host/", retrieve_date_time=NOW, signing_certificate="-", signature="x"
    )

    answer = csms.ask(v16.SignedUpdateFirmwareRequest(request_id=1, firmware=firmware))

    assert answer.status.value == "InvalidCertificate"


@pytest.mark.parametrize(("worked", "last"), [(True, "Uploaded"), (False, "UploadFailed")])
def test_diagnostics_are_handed_to_the_shell_and_their_end_is_told(csms, worked, last):
    answer = csms.ask(v16.GetDiagnosticsRequest(location="ftp://host/in/"))
    csms.wait(2)
    [upload] = csms.station.uploads

    upload.done(worked, csms.now)
    csms.talk()

    assert statuses(csms, v16.DiagnosticsStatusNotificationRequest) == ["Uploading", last]
    assert upload.file_name == answer.file_name == "CP1-diagnostics-20260301T080000Z.txt"
    assert upload.content.startswith(b"CP1: Ostler Virtual 22\n")


def ask_log(csms, id_):
    log = v16.LogParametersType(remote_location="https://host/")
    return csms.ask(v16.GetLogRequest(log=log, log_type=v16.LogEnumType.SECURITY_LOG, request_id=id_))


@pytest.mark.parametrize(("worked", "last"), [(True, "Uploaded"), (False, "UploadFailure")])
def test_a_log_is_told_with_the_id_of_its_request(csms, worked, last):
    ask_log(csms, 5)
    csms.wait(2)

    csms.station.uploads[0].done(worked, csms.now)
    csms.talk()

    assert statuses(csms, v16.LogStatusNotificationRequest) == ["Uploading", last]
    assert {each.request_id for each in csms.heard(v16.LogStatusNotificationRequest)} == {5}
    assert ask_log(csms, 6).status.value == "Accepted"


def test_a_second_log_takes_the_place_of_the_first(csms):
    ask_log(csms, 5)

    assert ask_log(csms, 6).status.value == "AcceptedCanceled"
    csms.wait(3)
    assert len(csms.station.uploads) == 1


def test_a_firmware_ends_what_began_meanwhile(csms):
    update(csms)
    csms.wait(6)
    csms.plug().card().wait(3)
    restart(csms)

    [stop] = csms.heard(v16.StopTransactionRequest)
    assert stop.reason is Reason.REBOOT
