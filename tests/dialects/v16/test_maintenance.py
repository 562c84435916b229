from __future__ import annotations

import pytest

from ostler.domain import commands
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.quirks import Quirks

URL = "ftp://files.example/x"


async def answered(played, command, answer):
    played.will(answer)
    return await played.order(command)


@pytest.mark.parametrize(("kind", "word"), [("soft", "Soft"), ("hard", "Hard")])
async def test_a_reset_is_soft_or_hard(played, kind, word):
    answer = v16.ResetResponse(status=v16.ResetStatus.ACCEPTED)

    result = await answered(played, commands.Reset(kind=kind), answer)

    assert result.result is Result.ACCEPTED
    assert played.sent == [("Reset", {"type": word})]


async def test_a_refused_soft_reset_suggests_a_hard_one(played):
    result = await answered(played, commands.Reset(), v16.ResetResponse(status=v16.ResetStatus.REJECTED))

    assert result.result is Result.REJECTED
    assert "hard" in result.detail


async def test_a_single_evse_cannot_be_reset(played):
    assert (await played.order(commands.Reset(evse=1))).result is Result.ERROR


async def in_service(played):
    return dict(await played.sql("SELECT evse, in_service FROM connectors ORDER BY evse"))


@pytest.mark.parametrize(
    ("status", "connector", "kept"),
    [
        ("Accepted", 1, {0: 1, 1: 0, 2: 1}),
        ("Scheduled", 1, {0: 1, 1: 0, 2: 1}),
        ("Rejected", 1, {0: 1, 1: 1, 2: 1}),
        ("Accepted", None, {0: 0, 1: 0, 2: 0}),
    ],
)
async def test_what_was_ordered_of_availability_is_kept(played, status, connector, kept):
    for evse in range(3):
        await played.sql(
            "INSERT INTO connectors (station, evse, connector) VALUES (?, ?, ?)",
            played.pk,
            evse,
            min(evse, 1),
        )
    answer = v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus(status))

    result = await answered(played, commands.SetAvailability(available=False, connector=connector), answer)

    assert result.result.value == status.lower()
    assert played.payloads == [{"connectorId": connector or 0, "type": "Inoperative"}]
    assert await in_service(played) == kept


async def test_a_connector_is_put_into_service_again(played):
    answer = v16.ChangeAvailabilityResponse(status=v16.AvailabilityStatus.ACCEPTED)

    await answered(played, commands.SetAvailability(available=True, connector=1), answer)

    assert played.payloads == [{"connectorId": 1, "type": "Operative"}]


async def test_a_model_that_restarts_for_ever_is_not_asked_to_change_its_availability(played, monkeypatch):
    monkeypatch.setattr("ostler.quirks.find", lambda *_: Quirks(change_availability=False))

    result = await played.order(commands.SetAvailability(available=False))

    assert result.result is Result.NOT_SUPPORTED
    assert played.sent == []


@pytest.mark.parametrize(("status", "result"), [("Accepted", Result.ACCEPTED), ("Rejected", Result.REJECTED)])
async def test_the_cache_is_cleared(played, status, result):
    answer = v16.ClearCacheResponse(status=v16.ClearCacheStatus(status))

    assert (await answered(played, commands.ClearCache(), answer)).result is result
    assert played.sent == [("ClearCache", {})]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("Accepted", Result.ACCEPTED),
        ("Rejected", Result.REJECTED),
        ("UnknownMessageId", Result.NOT_SUPPORTED),
        ("UnknownVendorId", Result.NOT_SUPPORTED),
    ],
)
async def test_a_vendors_message_brings_back_its_data(played, status, result):
    answer = v16.DataTransferResponse(status=v16.DataTransferStatus(status), data="pong")

    told = await answered(played, commands.DataTransfer(vendor_id="V", message_id="M", data="ping"), answer)

    assert (told.result, told.data) == (result, "pong")
    assert played.payloads == [{"vendorId": "V", "messageId": "M", "data": "ping"}]


async def test_a_word_outside_the_list_is_a_refusal_that_says_the_word(played):
    answer = v16.ClearCacheResponse(status=v16.ClearCacheStatus.of("Perhaps"))

    result = await answered(played, commands.ClearCache(), answer)

    assert (result.result, result.detail) == (Result.REJECTED, "The station answered Perhaps.")


async def test_a_firmware_without_a_signature_goes_the_old_way(played):
    order = commands.UpdateFirmware(location=URL, retrieve_at=played.now(), retries=2, retry_interval_s=60)

    result = await answered(played, order, v16.UpdateFirmwareResponse())

    assert result.result is Result.ACCEPTED
    assert played.sent == [
        (
            "UpdateFirmware",
            {"location": URL, "retries": 2, "retrieveDate": "2026-06-01T12:00:00Z", "retryInterval": 60},
        )
    ]


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("Accepted", Result.ACCEPTED),
        ("AcceptedCanceled", Result.ACCEPTED),
        ("Rejected", Result.REJECTED),
        ("InvalidCertificate", Result.REJECTED),
        ("RevokedCertificate", Result.REJECTED),
    ],
)
async def test_a_signed_firmware_goes_the_signed_way(played, status, result):
    answer = v16.SignedUpdateFirmwareResponse(status=v16.UpdateFirmwareStatusEnumType(status))
    order = commands.UpdateFirmware(
        location=URL,
        retrieve_at=played.now(),
        install_at=played.now(),
        signature="s",
        signing_certificate="c",
    )

    told = await answered(played, order, answer)

    assert told.result is result
    assert played.actions == ["SignedUpdateFirmware"]
    assert told.data == {"request_id": played.payloads[0]["requestId"]}


@pytest.mark.parametrize("extra", [{"signature": "s"}, {"signing_certificate": "c"}, {"install_at": True}])
async def test_half_a_signed_firmware_is_not_sent(played, extra):
    values = extra | ({"install_at": played.now()} if "install_at" in extra else {})

    result = await played.order(commands.UpdateFirmware(location=URL, retrieve_at=played.now(), **values))

    assert result.result is Result.ERROR
    assert played.sent == []


async def test_diagnostics_bring_the_name_of_the_file(played):
    order = commands.GetDiagnostics(location=URL, started_after=played.now(), ended_before=played.now())

    result = await answered(played, order, v16.GetDiagnosticsResponse(file_name="d.zip"))

    assert (result.result, result.data) == (Result.ACCEPTED, {"file_name": "d.zip"})
    assert played.payloads == [
        {"location": URL, "startTime": "2026-06-01T12:00:00Z", "stopTime": "2026-06-01T12:00:00Z"}
    ]


async def test_no_file_name_means_no_diagnostics(played):
    result = await answered(played, commands.GetDiagnostics(location=URL), v16.GetDiagnosticsResponse())

    assert result.result is Result.REJECTED


@pytest.mark.parametrize(
    ("status", "result"),
    [("Accepted", Result.ACCEPTED), ("AcceptedCanceled", Result.ACCEPTED), ("Rejected", Result.REJECTED)],
)
async def test_a_log_is_asked_for_by_a_number(played, status, result):
    answer = v16.GetLogResponse(status=v16.LogStatusEnumType(status), filename="l.zip")

    told = await answered(played, commands.GetLog(location=URL, kind="SecurityLog"), answer)

    assert told.result is result
    assert told.data == {"request_id": played.payloads[0]["requestId"], "file_name": "l.zip"}
    assert (played.payloads[0]["logType"], played.payloads[0]["log"]) == (
        "SecurityLog",
        {"remoteLocation": URL},
    )
