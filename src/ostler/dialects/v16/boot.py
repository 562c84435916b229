"""BootNotification and Heartbeat (OCPP 1.6 §4.2, §4.6)."""

from __future__ import annotations

import msgspec

from ostler.dialects.base import Inbound
from ostler.dialects.v16.translate import spot
from ostler.ocpp import v16
from ostler.services import boot
from ostler.services.boot import Nameplate
from ostler.store.database import Db

_IN_COLUMNS = {"charge_point_vendor", "charge_point_model", "firmware_version"}


def boot_notification(db: Db, inbound: Inbound[v16.BootNotificationRequest]) -> v16.BootNotificationResponse:
    """Keep what the station says of itself; the station's record decides whether it is accepted."""
    request = inbound.request
    said = msgspec.structs.asdict(request)
    plate = Nameplate(
        vendor=request.charge_point_vendor,
        model=request.charge_point_model,
        serial=request.charge_point_serial_number or request.charge_box_serial_number or "",
        firmware=request.firmware_version or "",
        info={name: value for name, value in said.items() if value and name not in _IN_COLUMNS},
    )
    registered = boot.register(db, spot(inbound), plate)
    return v16.BootNotificationResponse(
        status=v16.RegistrationStatus(registered.registration),
        current_time=inbound.received_at.replace(microsecond=0),
        interval=registered.interval_s,
    )


def heartbeat(_db: Db, inbound: Inbound[v16.HeartbeatRequest]) -> v16.HeartbeatResponse:
    """Tell the time; that the station was heard is noted for every message alike."""
    return v16.HeartbeatResponse(current_time=inbound.received_at.replace(microsecond=0))
