"""What a connector says it does."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

from ostler.domain import clocks
from ostler.domain.events import ConnectorChanged
from ostler.domain.status_words import AT_REST, understand
from ostler.domain.words import Status
from ostler.services import places, reservations
from ostler.services.places import Connector, Spot, Transaction
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


class Said(NamedTuple):
    """What a station says of a connector; `said_at` on its own clock."""

    status: str
    said_at: datetime | None = None
    error_code: str = "NoError"
    info: str = ""
    vendor_id: str = ""
    vendor_error_code: str = ""


def report(db: Db, spot: Spot, said: Said) -> Status | None:
    """Keep a connector's status, evse 0 being the whole station; None when it is older than the one we know.

    A word outside the nine is understood as far as it can be and kept as it came.
    """
    place = places.find(db, spot)
    known = place.connector
    if clocks.is_outdated(
        said.said_at,
        spot.received_at,
        known_said=known.status_at,
        known_received_at=known.changed_at,
        booted_at=place.booted_at,
    ):
        return None
    word = understand(said.status, known=known.status or "", charging=place.running is not None)
    connector = known._replace(
        status=word.value,
        error_code=said.error_code,
        info=said.info,
        status_at=said.said_at,
        changed_at=spot.received_at,
        power_w=0.0 if word in AT_REST and known.power_w else known.power_w,
    )
    _save(db, spot, said, connector)
    places.remember(db, spot, msgspec.structs.replace(place, connector=connector))
    if word in LOST and word.value != known.status:
        reservations.connector_lost(db, spot.station_pk, spot.evse, spot.received_at)
    if _shown(known) != _shown(connector):
        _tell(db, spot, connector, place.running)
    return word


def _shown(connector: Connector) -> tuple[object, ...]:
    """What a page shows of a status."""
    return connector.status, connector.error_code, connector.info, connector.power_w


def _save(db: Db, spot: Spot, said: Said, connector: Connector) -> None:
    db.soon(
        spot.station_pk,
        (spot.evse, spot.connector),
        _SAVE,
        station=spot.station_pk,
        evse=spot.evse,
        connector=spot.connector,
        status=connector.status,
        status_original="" if connector.status == said.status else said.status,
        error_code=said.error_code,
        info=said.info,
        vendor_id=said.vendor_id,
        vendor_error_code=said.vendor_error_code,
        status_at=said.said_at,
        changed_at=spot.received_at,
        power_w=connector.power_w,
    )


def _tell(db: Db, spot: Spot, connector: Connector, running: Transaction | None) -> None:
    changed = ConnectorChanged(
        at=spot.received_at,
        station=spot.station,
        evse=spot.evse,
        connector=spot.connector,
        status=connector.status or Status.AVAILABLE.value,
        error_code=connector.error_code or "",
        info=connector.info or "",
        power_w=connector.power_w,
        transaction_id=running.pk if running else None,
    )
    db.emit(changed)
