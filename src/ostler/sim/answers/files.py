"""Firmware that seems to be installed, and diagnostics and logs that are really uploaded."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from ostler.ocpp import v16
from ostler.ocpp.v16 import DiagnosticsStatus, FirmwareStatus, FirmwareStatusEnumType, UploadLogStatusEnumType
from ostler.sim import charging
from ostler.sim.station import Station, Upload

_STEP_S = 2.0
"""How long each part of an update takes."""
_SCHEMES = ("http", "https", "ftp", "ftps")


def update_firmware(
    station: Station, request: v16.UpdateFirmwareRequest, now: datetime
) -> v16.UpdateFirmwareResponse:
    """OCPP 1.6 §5.19: fetched at the time given; the statuses tell the rest."""

    def tell(status: FirmwareStatus, at: datetime) -> None:
        station.statuses.firmware = status
        station.tell(at, 0, f"firmware {status.value}")
        station.outbox.say(v16.FirmwareStatusNotificationRequest(status=status))

    def download(at: datetime) -> None:
        tell(FirmwareStatus.DOWNLOADING, at)
        station.after(at, _STEP_S, downloaded)

    def downloaded(at: datetime) -> None:
        if not _reachable(request.location):
            tell(FirmwareStatus.DOWNLOAD_FAILED, at)
            return
        tell(FirmwareStatus.DOWNLOADED, at)
        station.after(at, _STEP_S, install)

    def install(at: datetime) -> None:
        if _waits(station):
            station.after(at, _STEP_S, install)
            return
        tell(FirmwareStatus.INSTALLING, at)
        station.after(at, _STEP_S, finish)

    def finish(at: datetime) -> None:
        _install(station, request.location, at)
        station.after_restart.append(lambda later: tell(FirmwareStatus.INSTALLED, later))

    station.after(now, max(_seconds_until(request.retrieve_date, now), _STEP_S), download)
    return v16.UpdateFirmwareResponse()


def signed_update_firmware(
    station: Station, request: v16.SignedUpdateFirmwareRequest, now: datetime
) -> v16.SignedUpdateFirmwareResponse:
    """The signing certificate must be readable; the signature is believed."""
    words = v16.UpdateFirmwareStatusEnumType
    firmware = request.firmware
    try:
        x509.load_pem_x509_certificate(firmware.signing_certificate.encode())
    except ValueError:
        station.security_event("InvalidFirmwareSigningCertificate", now)
        return v16.SignedUpdateFirmwareResponse(status=words.INVALID_CERTIFICATE)
    cancels = station.statuses.signed_request is not None
    station.statuses.signed_request = request.request_id

    def tell(status: FirmwareStatusEnumType, at: datetime) -> None:
        station.statuses.signed_firmware = status
        station.tell(at, 0, f"firmware {status.value}")
        station.outbox.say(
            v16.SignedFirmwareStatusNotificationRequest(status=status, request_id=request.request_id)
        )

    def proceed(at: datetime) -> None:
        if station.statuses.signed_request != request.request_id:
            return
        if steps and steps[0] is FirmwareStatusEnumType.INSTALLING and _waits(station):
            station.after(at, _STEP_S, proceed)
            return
        if steps:
            tell(steps.pop(0), at)
            station.after(at, _STEP_S, proceed)
            return
        station.statuses.signed_request = None
        if _reachable(firmware.location):
            _install(station, firmware.location, at)
            station.after_restart.append(lambda later: tell(FirmwareStatusEnumType.INSTALLED, later))

    steps = _signed_steps(firmware.location)
    station.after(now, max(_seconds_until(firmware.retrieve_date_time, now), _STEP_S), proceed)
    return v16.SignedUpdateFirmwareResponse(status=words.ACCEPTED_CANCELED if cancels else words.ACCEPTED)


def get_diagnostics(
    station: Station, request: v16.GetDiagnosticsRequest, now: datetime
) -> v16.GetDiagnosticsResponse:
    """OCPP 1.6 §5.9: the file's name at once, the file later."""
    name = _file_name(station, "diagnostics", now)

    def tell(status: DiagnosticsStatus, at: datetime) -> None:
        station.statuses.diagnostics = status
        station.tell(at, 0, f"diagnostics {status.value}")
        station.outbox.say(v16.DiagnosticsStatusNotificationRequest(status=status))

    def done(worked: bool, at: datetime) -> None:
        tell(DiagnosticsStatus.UPLOADED if worked else DiagnosticsStatus.UPLOAD_FAILED, at)

    def go(at: datetime) -> None:
        tell(DiagnosticsStatus.UPLOADING, at)
        station.uploads.append(
            Upload(location=request.location, file_name=name, content=_report(station, at), done=done)
        )

    station.after(now, _STEP_S / 2, go)
    return v16.GetDiagnosticsResponse(file_name=name)


def get_log(station: Station, request: v16.GetLogRequest, now: datetime) -> v16.GetLogResponse:
    """As GetDiagnostics, with the request's id in each status; a new request takes an old one's place."""
    name = _file_name(station, request.log_type.value, now)
    statuses = station.statuses
    cancels = statuses.log_request is not None
    statuses.log_request = request.request_id

    def tell(status: UploadLogStatusEnumType, at: datetime) -> None:
        statuses.log = status
        station.tell(at, 0, f"log {status.value}")
        station.outbox.say(v16.LogStatusNotificationRequest(status=status, request_id=request.request_id))

    def done(worked: bool, at: datetime) -> None:
        tell(UploadLogStatusEnumType.UPLOADED if worked else UploadLogStatusEnumType.UPLOAD_FAILURE, at)
        if statuses.log_request == request.request_id:
            statuses.log_request = None

    def go(at: datetime) -> None:
        if statuses.log_request != request.request_id:
            return
        tell(UploadLogStatusEnumType.UPLOADING, at)
        location = request.log.remote_location
        station.uploads.append(
            Upload(location=location, file_name=name, content=_report(station, at), done=done)
        )

    station.after(now, _STEP_S / 2, go)
    words = v16.LogStatusEnumType
    return v16.GetLogResponse(status=words.ACCEPTED_CANCELED if cancels else words.ACCEPTED, filename=name)


def _signed_steps(location: str) -> list[FirmwareStatusEnumType]:
    """What is told on the way to the restart."""
    words = FirmwareStatusEnumType
    if not _reachable(location):
        return [words.DOWNLOADING, words.DOWNLOAD_FAILED]
    return [
        words.DOWNLOADING,
        words.DOWNLOADED,
        words.SIGNATURE_VERIFIED,
        words.INSTALLING,
        words.INSTALL_REBOOTING,
    ]


def _reachable(location: str) -> bool:
    """Nothing is fetched, but an address that no station could use fails as it would there."""
    parts = urlsplit(location)
    return parts.scheme in _SCHEMES and bool(parts.hostname)


def _waits(station: Station) -> bool:
    """Cars are not cut off for a firmware."""
    return bool(station.memory.transactions)


def _install(station: Station, location: str, now: datetime) -> None:
    name = urlsplit(location).path.rsplit("/", 1)[-1]
    station.memory.firmware = (name or "updated")[:50]
    for connector in station.connectors.values():
        charging.end(station, connector, v16.Reason.REBOOT, now)
    station.restart_at = now


def _seconds_until(moment: datetime, now: datetime) -> float:
    return (moment - now).total_seconds()


def _file_name(station: Station, kind: str, now: datetime) -> str:
    # Also a file name on systems that allow few characters.
    identity = "".join(letter if letter.isalnum() else "-" for letter in station.identity)
    return f"{identity}-{kind}-{now:%Y%m%dT%H%M%SZ}.txt"


def _report(station: Station, now: datetime) -> bytes:
    """A small text about the station as it is."""
    lines = [
        f"{station.identity}: {station.model.vendor} {station.model.model}",
        f"firmware {station.memory.firmware or station.model.firmware}, at {now.isoformat()}",
        *(
            f"connector {each.number}: {each.phase.value}, {each.meter.register_wh:.0f} Wh"
            for each in station.connectors.values()
        ),
        f"messages waiting: {len(station.outbox)}",
    ]
    return "\n".join([*lines, ""]).encode()
