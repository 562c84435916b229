"""What a station tells and wants no decision for: status, firmware, diagnostics, security, vendors' data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ostler.dialects.base import Inbound
from ostler.dialects.v16.translate import spot
from ostler.ocpp import v16
from ostler.services import notices, status
from ostler.services.status import Said
from ostler.store.database import Db

SHOWN_DATA = 2000
"""Characters of a vendor's data that travel with its event; all of it stands in the message log."""


def status_notification(
    db: Db, inbound: Inbound[v16.StatusNotificationRequest]
) -> v16.StatusNotificationResponse:
    """Keep a connector's status; connector 0 is the station as a whole (OCPP 1.6 §4.9)."""
    request = inbound.request
    said = Said(
        str(request.status),
        said_at=request.timestamp,
        error_code=str(request.error_code),
        info=request.info or "",
        vendor_id=request.vendor_id or "",
        vendor_error_code=request.vendor_error_code or "",
    )
    status.report(db, spot(inbound, request.connector_id), said)
    inbound.connector = request.connector_id
    return v16.StatusNotificationResponse()


def firmware_status(
    db: Db, inbound: Inbound[v16.FirmwareStatusNotificationRequest]
) -> v16.FirmwareStatusNotificationResponse:
    """Keep how far an update is (OCPP 1.6 §4.5)."""
    _note(db, inbound, "firmware", str(inbound.request.status))
    return v16.FirmwareStatusNotificationResponse()


def signed_firmware_status(
    db: Db, inbound: Inbound[v16.SignedFirmwareStatusNotificationRequest]
) -> v16.SignedFirmwareStatusNotificationResponse:
    """Keep how far a signed update is."""
    request = inbound.request
    _note(db, inbound, "firmware", str(request.status), {"request_id": request.request_id})
    return v16.SignedFirmwareStatusNotificationResponse()


def diagnostics_status(
    db: Db, inbound: Inbound[v16.DiagnosticsStatusNotificationRequest]
) -> v16.DiagnosticsStatusNotificationResponse:
    """Keep how far an upload of diagnostics is (OCPP 1.6 §4.4)."""
    _note(db, inbound, "diagnostics", str(inbound.request.status))
    return v16.DiagnosticsStatusNotificationResponse()


def log_status(
    db: Db, inbound: Inbound[v16.LogStatusNotificationRequest]
) -> v16.LogStatusNotificationResponse:
    """Keep how far an upload of a log is."""
    request = inbound.request
    _note(db, inbound, "log", str(request.status), {"request_id": request.request_id})
    return v16.LogStatusNotificationResponse()


def security_event(
    db: Db, inbound: Inbound[v16.SecurityEventNotificationRequest]
) -> v16.SecurityEventNotificationResponse:
    """Keep a security event with the station's own time of it."""
    request = inbound.request
    data = {"timestamp": request.timestamp, "tech_info": request.tech_info}
    _note(db, inbound, "security", request.type, data)
    return v16.SecurityEventNotificationResponse()


def sign_certificate(db: Db, inbound: Inbound[v16.SignCertificateRequest]) -> v16.SignCertificateResponse:
    """Keep the request for a certificate. Ostler is no certificate authority, so the answer is Rejected."""
    _note(db, inbound, "certificate", "Requested", {"csr": inbound.request.csr})
    return v16.SignCertificateResponse(status=v16.GenericStatusEnumType.REJECTED)


def data_transfer(db: Db, inbound: Inbound[v16.DataTransferRequest]) -> v16.DataTransferResponse:
    """Accept whatever a vendor sends: several models repeat or stop charging when they are refused."""
    request = inbound.request
    shown = {"message_id": request.message_id, "data": request.data and request.data[:SHOWN_DATA]}
    notices.tell(
        db,
        spot(inbound),
        kind="data-transfer",
        status=request.vendor_id,
        data=shown,
    )
    return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED)


def _note(
    db: Db, inbound: Inbound[Any], kind: str, word: str, data: Mapping[str, object] | None = None
) -> None:
    """Keep a notice of `kind`; what the station left out is left out."""
    given = {name: value for name, value in (data or {}).items() if value is not None}
    notices.note(
        db,
        spot(inbound),
        kind=kind,
        status=word,
        data=given or None,
    )
