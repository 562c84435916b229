"""A start consumes the reservation that it was kept for."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, or_, select, update

from ostler.services.authorization import token_key
from ostler.services.places import Spot
from ostler.store.database import Db
from ostler.store.schema import reservations
from ostler.store.statements import Query, Write


class _Kept(NamedTuple):
    pk: int
    evse: int
    id_token: str
    parent: str
    expires_at: datetime


_KEPT = Query(
    select(*(reservations.c[name] for name in _Kept._fields))
    .where(
        reservations.c.station == bindparam("station_pk"),
        or_(reservations.c.status == "active", reservations.c.status == "requested"),
    )
    .order_by(reservations.c.pk),
    into=_Kept,
)
_USE = Write(
    update(reservations).where(reservations.c.pk == bindparam("reservation_pk")).values(status="used")
)


def redeem(db: Db, spot: Spot, *, id_token: str, parent: str, at: datetime, said: int | None) -> int | None:
    """Mark the reservation that a start uses: the one `said` by the station, else the token's own here.

    0 means none to several models, and a number that is no reservation of this station means nothing.
    """
    key, parent_key = token_key(id_token), token_key(parent)
    for kept in db.all(_KEPT, station_pk=spot.station_pk):
        if said:
            meant = kept.pk == said
        else:
            own = token_key(kept.id_token) == key or bool(parent_key and token_key(kept.parent) == parent_key)
            meant = own and kept.evse in (0, spot.evse) and at <= kept.expires_at
        if meant:
            db.run(_USE, reservation_pk=kept.pk)
            return kept.pk
    return None
