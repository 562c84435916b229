"""What a station reports now and then: firmware, diagnostics, logs, security events, certificate requests."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select

from ostler.domain.events import StationNotice
from ostler.services.places import Spot
from ostler.store.database import Db
from ostler.store.schema import notices
from ostler.store.statements import Write

KEPT = 100
"""Notices of one kind that are kept per station; older ones stand in the message log."""

_INSERT = Write(
    insert(notices).values({name: bindparam(name) for name in ("station", "kind", "status", "at", "data")})
)
_OF_KIND = (notices.c.station == bindparam("station_pk"), notices.c.kind == bindparam("kind_name"))
_FORGET = Write(
    delete(notices).where(
        *_OF_KIND,
        notices.c.pk
        <= select(notices.c.pk)
        .where(*_OF_KIND)
        .order_by(notices.c.pk.desc())
        .limit(1)
        .offset(KEPT)
        .scalar_subquery(),
    )
)


def note(
    db: Db,
    spot: Spot,
    *,
    kind: str,
    status: str,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> None:
    """Keep a notice and tell the world. `at` is when it happened, if the station says so."""
    db.insert(
        _INSERT, station=spot.station_pk, kind=kind, status=status, at=at or spot.received_at, data=data
    )
    db.run(_FORGET, station_pk=spot.station_pk, kind_name=kind)
    tell(db, spot, kind=kind, status=status, data=data)


def tell(
    db: Db,
    spot: Spot,
    *,
    kind: str,
    status: str,
    data: dict[str, Any] | None = None,
) -> None:
    """Tell the world without keeping it: for what comes by the hundred and stands in the message log."""
    db.emit(StationNotice(at=spot.received_at, station=spot.station, kind=kind, status=status, data=data))
