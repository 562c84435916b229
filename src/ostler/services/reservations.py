"""Connectors kept for a token. The pk of the row is the reservation id that the station knows."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, insert, or_, select, update

from ostler.domain.events import ReservationChanged
from ostler.services.places import RESERVED
from ostler.store.database import Db
from ostler.store.schema import reservations, stations
from ostler.store.statements import Query, Write

REQUESTED = "requested"
ACTIVE = RESERVED
CANCELLED = "cancelled"
EXPIRED = "expired"
REFUSED = "refused"
HIGHEST_ID = 2**31 - 1


class Reservation(NamedTuple):
    """A reservation with the identity of its station; EVSE and connector 0: whichever is free."""

    pk: int
    station: int
    identity: str
    evse: int
    connector: int
    id_token: str
    parent: str
    expires_at: datetime
    status: str


_COLUMNS = (
    reservations.c.pk,
    reservations.c.station,
    stations.c.id,
    *(reservations.c[name] for name in Reservation._fields[3:]),
)
_ALL = select(*_COLUMNS).select_from(reservations.join(stations))
ONE = Query(_ALL.where(reservations.c.pk == bindparam("pk")), Reservation)
HELD = Query(
    _ALL.where(reservations.c.station == bindparam("station"), reservations.c.status == ACTIVE).order_by(
        reservations.c.pk
    ),
    Reservation,
)
OVERDUE = Query(
    _ALL.where(
        or_(reservations.c.status == REQUESTED, reservations.c.status == ACTIVE),
        reservations.c.expires_at <= bindparam("now"),
    ),
    Reservation,
)
REQUEST = Write(
    insert(reservations).values(
        {
            name: bindparam(name)
            for name in (
                "station", "evse", "connector", "id_token", "parent", "expires_at", "status", "created_at",
            )
        }
    )
)  # fmt: skip
SETTLE = Write(
    update(reservations).values(status=bindparam("status")).where(reservations.c.pk == bindparam("of_pk"))
)
REPLACE = Write(
    update(reservations)
    .values({name: bindparam(name) for name in ("evse", "connector", "id_token", "parent", "expires_at")})
    .where(reservations.c.pk == bindparam("of_pk"))
)


def is_expired(expires_at: datetime, now: datetime) -> bool:
    """Whether a reservation until `expires_at` is over."""
    return expires_at <= now


def find(db: Db, pk: int) -> Reservation | None:
    """One reservation."""
    return db.one(ONE, pk=pk)


def held(db: Db, station_pk: int) -> list[Reservation]:
    """The active reservations of a station, oldest first."""
    return db.all(HELD, station=station_pk)


def request(
    db: Db,
    station_pk: int,
    *,
    evse: int,
    connector: int,
    id_token: str,
    parent: str,
    expires_at: datetime,
    now: datetime,
) -> int:
    """Make the row of a reservation that the station is now asked for; gives its id."""
    pk = db.insert(
        REQUEST,
        station=station_pk,
        evse=evse,
        connector=connector,
        id_token=id_token,
        parent=parent,
        expires_at=expires_at,
        status=REQUESTED,
        created_at=now,
    )
    _tell(db, pk, now)
    return pk


def replace(
    db: Db,
    pk: int,
    *,
    evse: int,
    connector: int,
    id_token: str,
    parent: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    """The station accepted the same id anew: what it says now counts (OCPP 1.6 §5.13)."""
    db.run(
        REPLACE,
        of_pk=pk,
        evse=evse,
        connector=connector,
        id_token=id_token,
        parent=parent,
        expires_at=expires_at,
    )
    settle(db, pk, ACTIVE, now)


def settle(db: Db, pk: int, status: str, now: datetime) -> None:
    """Set the status of a reservation."""
    db.run(SETTLE, of_pk=pk, status=status)
    _tell(db, pk, now)


def expire(db: Db, now: datetime) -> int:
    """End what is over; stations do so by themselves. Gives how many. Called by a sweep."""
    overdue = db.all(OVERDUE, now=now)
    for row in overdue:
        settle(db, row.pk, EXPIRED, now)
    return len(overdue)


def connector_lost(db: Db, station_pk: int, evse: int, now: datetime) -> int:
    """Cancel the reservations of an EVSE that became Faulted or Unavailable (0: the whole station's); gives
    how many.

    One that is not bound to an EVSE only falls with the whole station.
    """
    lost = [row for row in held(db, station_pk) if evse in {0, row.evse}]
    for row in lost:
        settle(db, row.pk, CANCELLED, now)
    return len(lost)


def _tell(db: Db, pk: int, now: datetime) -> None:
    row = find(db, pk)
    if row is not None:
        db.emit(ReservationChanged(at=now, station=row.identity, reservation_id=pk, status=row.status))
