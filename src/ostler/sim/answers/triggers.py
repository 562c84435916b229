"""Messages that the central system asks for: the answer first, then the message (OCPP 1.6 §5.17)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ostler.ocpp import v16
from ostler.ocpp.base import Request
from ostler.ocpp.v16 import ReadingContext, RegistrationStatus
from ostler.sim import charging
from ostler.sim.answers import certificates
from ostler.sim.station import Station


def trigger_message(
    station: Station, request: v16.TriggerMessageRequest, now: datetime
) -> v16.TriggerMessageResponse:
    status = _trigger(station, request.requested_message.value, request.connector_id, now)
    return v16.TriggerMessageResponse(status=v16.TriggerMessageStatus(status))


def extended_trigger_message(
    station: Station, request: v16.ExtendedTriggerMessageRequest, now: datetime
) -> v16.ExtendedTriggerMessageResponse:
    status = _trigger(station, request.requested_message.value, request.connector_id, now, extended=True)
    return v16.ExtendedTriggerMessageResponse(status=v16.TriggerMessageStatusEnumType(status))


def _trigger(
    station: Station, message: str, number: int | None, now: datetime, *, extended: bool = False
) -> str:
    words = v16.TriggerMessageStatus
    if message not in station.model.triggers:
        return words.NOT_IMPLEMENTED
    if number is not None and number not in {0, *station.connectors}:
        return words.REJECTED
    match message:
        case "BootNotification":
            # Errata 3.35: once accepted, a station boots again only after a restart.
            if station.registration is RegistrationStatus.ACCEPTED:
                return words.REJECTED
            station.boot_at = now
        case "StatusNotification":
            _statuses(station, number, now)
        case "MeterValues":
            _meter_values(station, number, now)
        case _:
            station.outbox.say(_simple(station, message, extended=extended), asked=True)
    return words.ACCEPTED


def _simple(station: Station, message: str, *, extended: bool) -> Request[Any]:
    """Return a message about what is known; the security extension has a firmware status of its own."""
    statuses = station.statuses
    match message:
        case "DiagnosticsStatusNotification":
            return v16.DiagnosticsStatusNotificationRequest(status=statuses.diagnostics)
        case "FirmwareStatusNotification" if extended:
            return v16.SignedFirmwareStatusNotificationRequest(
                status=statuses.signed_firmware, request_id=statuses.signed_request
            )
        case "FirmwareStatusNotification":
            return v16.FirmwareStatusNotificationRequest(status=statuses.firmware)
        case "LogStatusNotification":
            return v16.LogStatusNotificationRequest(status=statuses.log, request_id=statuses.log_request)
        case "SignChargePointCertificate":
            return v16.SignCertificateRequest(csr=certificates.signing_request(station))
        case _:
            return v16.HeartbeatRequest()


def _statuses(station: Station, number: int | None, now: datetime) -> None:
    if number in {None, 0}:
        station.report_whole(now, asked=True)
    for connector in station.connectors.values():
        if number in {None, connector.number}:
            station.report(connector, now, asked=True)


def _meter_values(station: Station, number: int | None, now: datetime) -> None:
    """Samples are worth something now only, so that they are not queued."""
    names = station.configuration.words("MeterValuesSampledData")
    for connector in station.connectors.values():
        if number in {None, 0, connector.number}:
            transaction = station.transaction(connector.number)
            number_known = station.memory.numbers.get(transaction.name) if transaction else None
            values = charging.meter_values(station, connector.number, names, ReadingContext.TRIGGER, now)
            station.outbox.say(
                v16.MeterValuesRequest(
                    connector_id=connector.number, transaction_id=number_known, meter_value=values.meter_value
                ),
                asked=True,
            )
