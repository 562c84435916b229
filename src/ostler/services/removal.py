"""A station goes: its settings with it, what it ever charged stays."""

from __future__ import annotations

from datetime import datetime

from ostler.domain.words import Mark
from ostler.services import charging, places, reservations, stations
from ostler.services.places import Spot
from ostler.store.database import Db


def remove(db: Db, identity: str, *, now: datetime) -> bool:
    """Take a station out of service for good; False when there is none.

    Transactions, meter values, notices and the message log stay and name it. What still runs is closed,
    so that its token is free for others. `stations.create` with the same identity makes it known again, as
    a new one.
    """
    found = stations.record(db, identity)
    if found is None:
        return False
    spot = Spot(found.pk, identity, now)
    while running := places.still_open(db, found.pk):
        for transaction in running:
            charging.close(db, spot.of(transaction), transaction, now, Mark.CLOSED_BY_REMOVAL)
    for reservation in reservations.held(db, found.pk):
        reservations.settle(db, reservation.pk, reservations.CANCELLED, now)
    places.forget(db, found.pk)
    stations.take_out(db, found.pk, now=now)
    return True
