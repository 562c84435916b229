"""The BootNotification of somebody whom nobody has accepted yet (OCPP 1.6 §4.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ostler.dialects.base import Stranger
from ostler.ocpp import v16
from ostler.ocpp.base import Request


def introduce(request: Request[Any], now: datetime, retry_s: int) -> Stranger:
    """Answer Pending: it keeps the connection, sends nothing else and asks again after `retry_s`."""
    answer = v16.BootNotificationResponse(
        status=v16.RegistrationStatus.PENDING, current_time=now, interval=retry_s
    )
    if not isinstance(request, v16.BootNotificationRequest):
        return Stranger(answer)
    return Stranger(
        answer,
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        serial=request.charge_point_serial_number or request.charge_box_serial_number or "",
        firmware=request.firmware_version or "",
    )
