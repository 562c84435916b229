"""Who is connected: kept with the station, so that it can be seen why one is away."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, insert, select, update

from ostler.domain.events import StationConnected, StationDisconnected, StationNotice
from ostler.store.database import Db
from ostler.store.schema import notices, stations
from ostler.store.statements import Query, Write

STOPPED = 1006  # RFC 6455 §7.4.1: the connection ended without a close frame


class _Found(NamedTuple):
    value: Any


_HERE = stations.c.pk == bindparam("station_pk")
_CONNECTED = Write(
    update(stations)
    .where(_HERE)
    .values(
        {
            name: bindparam(name)
            for name in ("connected_at", "last_seen_at", "address", "ocpp_version", "epoch")
        }
    )
)
# A late end of a connection that was replaced must not make the new one look gone.
_DISCONNECTED = Write(
    update(stations)
    .where(_HERE, stations.c.epoch == bindparam("current"))
    .values(
        {name: bindparam(name) for name in ("disconnected_at", "last_seen_at", "close_code", "close_reason")}
    )
)
_SEEN = Write(update(stations).where(_HERE).values(last_seen_at=bindparam("seen_at")))
_ALL_AWAY = Write(
    update(stations)
    .where(
        stations.c.connected_at.is_not(None),
        func.coalesce(stations.c.disconnected_at, 0) < stations.c.connected_at,
    )
    .values(
        disconnected_at=func.coalesce(stations.c.last_seen_at, stations.c.connected_at),
        close_code=STOPPED,
        close_reason="the server stopped",
    )
)
_REGISTRATION = Query(select(stations.c.registration).where(_HERE), into=_Found)
_NOTICE = Write(
    insert(notices).values({name: bindparam(name) for name in ("station", "kind", "status", "at", "data")})
)
_NOTICED = Query(
    select(notices.c.pk)
    .where(
        notices.c.station == bindparam("station_pk"),
        notices.c.kind == bindparam("kind"),
        notices.c.status == bindparam("status"),
    )
    .limit(1),
    into=_Found,
)


def connected(db: Db, pk: int, *, station: str, epoch: int, version: str, address: str, at: datetime) -> None:
    """A connection is authenticated and served."""
    db.run(
        _CONNECTED,
        station_pk=pk,
        connected_at=at,
        last_seen_at=at,
        address=address,
        ocpp_version=version,
        epoch=epoch,
    )
    db.emit(StationConnected(at=at, station=station, version=version, address=address))


def disconnected(
    db: Db, pk: int, *, station: str, epoch: int, code: int, reason: str, seen_at: datetime, at: datetime
) -> None:
    """The connection of `epoch` has ended; nothing happens when a newer one has taken over."""
    if db.run(
        _DISCONNECTED,
        station_pk=pk,
        current=epoch,
        disconnected_at=at,
        last_seen_at=seen_at,
        close_code=code,
        close_reason=reason,
    ):
        db.emit(StationDisconnected(at=at, station=station, code=code, reason=reason))


def seen(db: Db, when: Sequence[tuple[int, datetime]]) -> None:
    """Keep when each of some stations (by pk) last sent anything."""
    for pk, at in when:
        db.later(_SEEN, station_pk=pk, seen_at=at)


def nobody_connected(db: Db) -> None:
    """The server starts: what it remembers as connected is not."""
    db.run(_ALL_AWAY)


def registration(db: Db, pk: int) -> str | None:
    """Return the answer to the station's last BootNotification."""
    found = db.one(_REGISTRATION, station_pk=pk)
    return None if found is None else found.value


def notice(
    db: Db,
    pk: int,
    *,
    station: str,
    kind: str,
    status: str,
    data: Any = None,
    at: datetime,
    once: bool = False,
) -> None:
    """Note something about the connection for a person; `once`: not if the same was noted before."""
    if once and db.one(_NOTICED, station_pk=pk, kind=kind, status=status) is not None:
        return
    db.run(_NOTICE, station=pk, kind=kind, status=status, at=at, data=data)
    db.emit(StationNotice(at=at, station=station, kind=kind, status=status, data=data))
