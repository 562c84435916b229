"""Resetting, taking out of service, caches, firmware, diagnostics, logs, a vendor's own messages."""

from __future__ import annotations

import secrets

from sqlalchemy import bindparam, update

from ostler.dialects.base import Caller
from ostler.dialects.v16.asking import ask, failed, number, outcome, quirks_of
from ostler.domain.commands import (
    ClearCache,
    CommandResult,
    DataTransfer,
    GetDiagnostics,
    GetLog,
    Reset,
    SetAvailability,
    UpdateFirmware,
)
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.store.database import Db
from ostler.store.schema import connectors
from ostler.store.statements import Write

IN_SERVICE = Write(
    update(connectors)
    .values(in_service=bindparam("available"))
    .where(connectors.c.station == bindparam("of_station"), connectors.c.evse == bindparam("of_evse"))
)
ALL_IN_SERVICE = Write(
    update(connectors)
    .values(in_service=bindparam("available"))
    .where(connectors.c.station == bindparam("of_station"))
)


async def reset(station: Caller, command: Reset) -> CommandResult:
    """Reset; 1.6 knows no reset of a single EVSE."""
    if command.evse:
        return failed("OCPP 1.6 resets only the whole station: leave out the EVSE.")
    kind = v16.ResetType.HARD if command.kind == "hard" else v16.ResetType.SOFT
    answer = await ask(station, v16.ResetRequest(type=kind))
    other = (
        "try a hard reset, which need not stop transactions first."
        if command.kind == "soft"
        else "try later."
    )
    return outcome(
        answer.status,
        {
            "Accepted": "The station restarts; running transactions are ended or go on, as it decides.",
            "Rejected": f"The station refuses to restart now: {other}",
        },
    )


async def set_availability(station: Caller, command: SetAvailability) -> CommandResult:
    """ChangeAvailability; during a transaction it takes effect afterwards, and it outlasts a reboot
    (§5.2).
    """
    connector = number(command.connector, command.evse)
    if not (await quirks_of(station)).change_availability:
        return CommandResult(
            result=Result.NOT_SUPPORTED,
            detail="This model is known to restart for ever after ChangeAvailability, so it is not sent.",
        )
    kind = v16.AvailabilityType.OPERATIVE if command.available else v16.AvailabilityType.INOPERATIVE
    answer = await ask(station, v16.ChangeAvailabilityRequest(connector_id=connector, type=kind))
    if answer.status is not v16.AvailabilityStatus.REJECTED:
        await station.store.write(_keep_in_service, station.pk, connector, available=command.available)
    what = f"Connector {connector}" if connector else "The station"
    state = "in service" if command.available else "out of service"
    hint = "" if connector else " Some models want each connector to be named."
    return outcome(
        answer.status,
        {
            "Accepted": f"{what} is {state} and stays so over a restart.",
            "Scheduled": f"{what} will be {state} when the running transaction has ended.",
            "Rejected": f"The station refused to change the availability.{hint}",
        },
    )


async def clear_cache(station: Caller, _command: ClearCache) -> CommandResult:
    """ClearCache."""
    answer = await ask(station, v16.ClearCacheRequest())
    return outcome(
        answer.status,
        {
            "Accepted": "The station forgot the tokens that it had cached.",
            "Rejected": "The station did not clear its cache; it may have none (AuthorizationCacheEnabled).",
        },
    )


async def data_transfer(station: Caller, command: DataTransfer) -> CommandResult:
    """DataTransfer; the answer's data is in `data`."""
    request = v16.DataTransferRequest(
        vendor_id=command.vendor_id, message_id=command.message_id, data=command.data
    )
    answer = await ask(station, request)
    if answer.status.value.startswith("Unknown"):
        what = "vendor" if answer.status is v16.DataTransferStatus.UNKNOWN_VENDOR_ID else "message"
        return CommandResult(
            result=Result.NOT_SUPPORTED,
            detail=f"The station does not know this {what} id ({answer.status.value}).",
            data=answer.data,
        )
    return outcome(
        answer.status,
        {
            "Accepted": "The station took the message.",
            "Rejected": "The station knows the message and refused it.",
        },
        data=answer.data,
    )


async def update_firmware(station: Caller, command: UpdateFirmware) -> CommandResult:
    """SignedUpdateFirmware where signature and certificate are given, else UpdateFirmware."""
    if command.signature is not None and command.signing_certificate is not None:
        return await _signed_update(station, command, command.signature, command.signing_certificate)
    if command.signature is not None or command.signing_certificate is not None:
        return failed("A signed firmware needs both the signature and the signing certificate.")
    if command.install_at is not None:
        return failed("Only a signed firmware can be installed at a set time: leave out install_at.")
    request = v16.UpdateFirmwareRequest(
        location=command.location,
        retries=command.retries,
        retrieve_date=command.retrieve_at,
        retry_interval=command.retry_interval_s,
    )
    await ask(station, request)
    return CommandResult(
        result=Result.ACCEPTED,
        detail="The station will fetch the firmware; it reports how far it has come. It may restart and ends "
        "transactions first.",
    )


async def _signed_update(
    station: Caller, command: UpdateFirmware, signature: str, certificate: str
) -> CommandResult:
    request_id = _request_id()
    request = v16.SignedUpdateFirmwareRequest(
        retries=command.retries,
        retry_interval=command.retry_interval_s,
        request_id=request_id,
        firmware=v16.FirmwareType(
            location=command.location,
            retrieve_date_time=command.retrieve_at,
            install_date_time=command.install_at,
            signing_certificate=certificate,
            signature=signature,
        ),
    )
    answer = await ask(station, request)
    return outcome(
        answer.status,
        {
            "Accepted": "The station will fetch and check the firmware; it reports how far it has come.",
            "AcceptedCanceled": "The station takes this firmware and gave up the one that it was fetching.",
            "Rejected": "The station refused: it may be busy with another firmware, or not take updates now.",
            "InvalidCertificate": "The station does not trust the signing certificate: install the "
            "manufacturer's root certificate first.",
            "RevokedCertificate": "The signing certificate was revoked: get the firmware anew from the "
            "manufacturer.",
        },
        data={"request_id": request_id},
    )


async def get_diagnostics(station: Caller, command: GetDiagnostics) -> CommandResult:
    """GetDiagnostics; the name of the file that will be uploaded is in `data`."""
    request = v16.GetDiagnosticsRequest(
        location=command.location,
        retries=command.retries,
        retry_interval=command.retry_interval_s,
        start_time=command.started_after,
        stop_time=command.ended_before,
    )
    answer = await ask(station, request)
    if not answer.file_name:
        return CommandResult(
            result=Result.REJECTED,
            detail="The station has no diagnostics for that time, so it uploads nothing.",
        )
    return CommandResult(
        result=Result.ACCEPTED,
        detail=f"The station will upload {answer.file_name}; many models can use FTP only.",
        data={"file_name": answer.file_name},
    )


async def get_log(station: Caller, command: GetLog) -> CommandResult:
    """GetLog of the security extension."""
    request_id = _request_id()
    request = v16.GetLogRequest(
        log=v16.LogParametersType(
            remote_location=command.location,
            oldest_timestamp=command.started_after,
            latest_timestamp=command.ended_before,
        ),
        log_type=v16.LogEnumType(command.kind),
        request_id=request_id,
        retries=command.retries,
        retry_interval=command.retry_interval_s,
    )
    answer = await ask(station, request)
    return outcome(
        answer.status,
        {
            "Accepted": "The station will upload its log; it reports how far it has come.",
            "AcceptedCanceled": "The station will upload this log and gave up the one that it was uploading.",
            "Rejected": "The station refused to upload a log: it may have none of this kind.",
        },
        data={"request_id": request_id, "file_name": answer.filename},
    )


def _request_id() -> int:
    """By this number the station's progress reports are told apart: positive, 31 bits."""
    return secrets.randbelow(2**31 - 1) + 1


def _keep_in_service(db: Db, station_pk: int, connector: int, *, available: bool) -> None:
    if connector:
        db.run(IN_SERVICE, of_station=station_pk, of_evse=connector, available=available)
    else:
        db.run(ALL_IN_SERVICE, of_station=station_pk, available=available)
