"""What a connector says it does."""

from __future__ import annotations

from datetime import datetime

from ostler.domain import clocks
from ostler.domain.events import ConnectorChanged
from ostler.domain.status_words import AT_REST, understand
from ostler.domain.words import Status
from ostler.services import places, reservations
from ostler.services.places import Spot
from ostler.store.database import Db
from ostler.store.schema import connectors
from ostler.store.statements import upsert

LOST = frozenset({Status.FAULTED, Status.UNAVAILABLE})
"""A connector in these cannot be kept for anybody (as in OCPP 2.0.1 H01, H03)."""

_KEY = ("station", "evse", "connector")
_SAVE = upsert(
    connectors,
    _KEY,
    (
        "status",
        "status_original",
        "error_code",
        "info",
        "vendor_id",
        "vendor_error_code",
        "status_at",
        "changed_at",
        "power_w",
    ),
)


def report(
    db: Db,
    spot: Spot,
    status: str,
    *,
    said_at: datetime | None = None,
    error_code: str = "NoError",
    info: str = "",
    vendor_id: str = "",
    vendor_error_code: str = "",
) -> Status | None:
    """Keep a connector's status, evse 0 being the whole station; None when it is older than the one we know.

    A word outside the nine is understood as far as it can be and kept as it came.
    """
    place = places.find(db, spot)
    known = place.connector
    if clocks.is_outdated(
        said_at,
        spot.received_at,
        known_said=known.status_at,
        known_received_at=known.changed_at,
        booted_at=place.booted_at,
    ):
        return None
    word = understand(status, known=known.status or "", charging=place.running is not None)
    power_w = 0.0 if word in AT_REST and known.power_w else known.power_w
    db.run(
        _SAVE,
        station=spot.station_pk,
        evse=spot.evse,
        connector=spot.connector,
        status=word.value,
        status_original="" if word.value == status else status,
        error_code=error_code,
        info=info,
        vendor_id=vendor_id,
        vendor_error_code=vendor_error_code,
        status_at=said_at,
        changed_at=spot.received_at,
        power_w=power_w,
    )
    if word in LOST and word.value != known.status:
        reservations.connector_lost(db, spot.station_pk, spot.evse, spot.received_at)
    if (known.status, known.error_code, known.info, known.power_w) != (word, error_code, info, power_w):
        db.emit(
            ConnectorChanged(
                at=spot.received_at,
                station=spot.station,
                evse=spot.evse,
                connector=spot.connector,
                status=word.value,
                error_code=error_code,
                info=info,
                power_w=power_w,
                transaction_id=place.running.pk if place.running else None,
            )
        )
    return word
