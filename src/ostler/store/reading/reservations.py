"""Reservations as a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import reservations, stations


class ReservationRow(NamedTuple):
    """A reservation with its station's identity."""

    id: int
    station: str
    evse: int
    connector: int
    id_token: str
    parent: str
    expires_at: datetime
    status: str
    created_at: datetime


_SELECT = select(
    reservations.c.pk,
    stations.c.id,
    reservations.c.evse,
    reservations.c.connector,
    reservations.c.id_token,
    reservations.c.parent,
    reservations.c.expires_at,
    reservations.c.status,
    reservations.c.created_at,
).join_from(reservations, stations, stations.c.pk == reservations.c.station)


def list_reservations(
    db: Db,
    *,
    station: str | None = None,
    status: str | None = None,
    pk: int | None = None,
    after: list[Any] | None = None,
    limit: int = 1,
) -> Rows[ReservationRow]:
    """Reservations, the latest first; `after` is the last id seen."""
    clause = _SELECT
    for column, value in (
        (stations.c.id, station),
        (reservations.c.status, status),
        (reservations.c.pk, pk),
    ):
        if value is not None:
            clause = clause.where(column == value)
    order = Order((reservations.c.pk,), newest_first=True)
    return read_page(db, clause, ReservationRow, order, after=after, limit=limit)
