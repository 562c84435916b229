"""A start consumes the reservation that it was kept for."""

from __future__ import annotations

from datetime import datetime

from ostler.services import reservations
from ostler.services.authorization import token_key
from ostler.services.places import Place, Spot
from ostler.services.reservations import ACTIVE, REQUESTED, Reservation
from ostler.store.database import Db

USED = "used"


def redeem(
    db: Db, spot: Spot, place: Place, *, id_token: str, parent: str, at: datetime, said: int | None
) -> int | None:
    """Mark the reservation that a start uses: the one `said` by the station, else the token's own here.

    0 means none to several models, and a number that is no reservation of this station means nothing.
    """
    kept = _named(db, spot, said) if said else None
    if kept is None and place.reserved:
        kept = _own(db, spot, id_token, parent, at)
    if kept is None:
        return None
    reservations.settle(db, kept.pk, USED, spot.received_at)
    return kept.pk


def _named(db: Db, spot: Spot, pk: int) -> Reservation | None:
    """One whose ReserveNow is not answered yet counts too: the station knows it, or it could not name it."""
    kept = reservations.find(db, pk)
    if kept is None or kept.station != spot.station_pk or kept.status not in {ACTIVE, REQUESTED}:
        return None
    return kept


def _own(db: Db, spot: Spot, id_token: str, parent: str, at: datetime) -> Reservation | None:
    token, group = token_key(id_token), token_key(parent)
    for kept in reservations.held(db, spot.station_pk):
        own = token_key(kept.id_token) == token or bool(group and token_key(kept.parent) == group)
        if own and kept.evse in {0, spot.evse} and at <= kept.expires_at:
            return kept
    return None
