"""The end of a transaction: found, assigned or only learnt of; always kept, counted once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from ostler.domain import clocks
from ostler.domain.clocks import Told
from ostler.domain.measures import PLAIN, MeterHabits, Reading
from ostler.domain.registers import JITTER_WH
from ostler.domain.transactions import key
from ostler.domain.words import Mark, Status
from ostler.services import authorization, charging, metering, places, settling
from ostler.services.authorization import Judged, token_key
from ostler.services.charging import Begun
from ostler.services.live import Measured
from ostler.services.places import Spot, Transaction
from ostler.services.settling import End
from ostler.store.database import Db
from ostler.store.types import to_ms

CLOCK_SLACK = timedelta(minutes=1)
GUESSED = "~"
"""Begins the stop key of what a stop without a number was assigned to: the real stop may still come."""
NOT_CHARGING = frozenset(
    {Status.AVAILABLE, Status.PREPARING, Status.FINISHING, Status.UNAVAILABLE, Status.FAULTED}
)


class Stop(NamedTuple):
    """What a station says of an end. `number` is None where it has none to give (-1, 0, out of range)."""

    number: int | None
    id_token: str | None
    meter_stop_wh: float
    said_at: datetime
    reason: str
    readings: Sequence[Reading] = ()

    def key(self) -> str:
        """What makes a repeated stop the same stop; its number is not part of it: some repeat it with -1."""
        return key("stop", to_ms(self.said_at), token_key(self.id_token or ""), self.meter_stop_wh)

    def stored_key(self) -> str:
        """The key, with a sign that the transaction was guessed where no number names it."""
        return self.key() if self.number is not None else GUESSED + self.key()


class Stopped(NamedTuple):
    """How a StopTransaction is answered: `judged` is None without a token."""

    transaction_pk: int
    ocpp_id: str
    judged: Judged | None


def stop(db: Db, spot: Spot, said: Stop, habits: MeterHabits = PLAIN) -> Stopped:
    """End the station's transaction of that number, and no other.

    A number that we never gave, or none, is answered too and kept as a transaction of which only the end is
    known, unless it can be told which one is meant (OCPP 1.6 errata v4.0 3.18).
    """
    judged = None
    if said.id_token is not None:
        judged = authorization.verdict(db, spot, said.id_token, starting=False)
    told = clocks.judge(said.said_at, spot.received_at)
    rows = metering.measured(said.readings, spot.received_at, habits)
    if said.number is not None:
        found = _named(db, spot, said.number)
    else:
        found = _unnamed(db, spot, said, told, judged)
    transaction = found or _learnt(db, spot, said, told=told, rows=rows, judged=judged)
    if transaction.ended_at is None or not transaction.stop_key:
        end = End(
            told=told,
            meter_stop_wh=said.meter_stop_wh,
            reason=said.reason,
            id_token=said.id_token or "",
            stop_key=said.stored_key(),
            other_token=judged is not None and not _owns(said, judged, transaction),
        )
        settling.settle(db, spot, transaction, end, rows, habits=habits)
    return Stopped(transaction.pk, transaction.ocpp_id, judged)


def _named(db: Db, spot: Spot, number: int) -> Transaction | None:
    found = places.by_ocpp_id(db, spot.station_pk, str(number))
    if found is not None and found.stop_key.startswith(GUESSED):
        return found._replace(stop_key="")
    return found


def _unnamed(db: Db, spot: Spot, said: Stop, told: Told, judged: Judged | None) -> Transaction | None:
    """The transaction that a stop without a number means: the newest that fits by token, time, register."""
    for stop_key in (said.key(), said.stored_key()):
        repeated = places.by_stop_key(db, spot.station_pk, stop_key)
        if repeated is not None:
            return repeated
    fitting = [one for one in places.unstopped(db, spot.station_pk) if _fits(one, said, told)]
    if judged is not None:
        return next((one for one in fitting if _owns(said, judged, one)), None)
    running = [one for one in fitting if one.ended_at is None]
    return running[0] if len(running) == 1 and _is_at_rest(db, spot.of(running[0])) else None


def _fits(one: Transaction, said: Stop, told: Told) -> bool:
    least = one.meter_start_wh if one.last_register_wh is None else one.last_register_wh - JITTER_WH
    in_time = told.wrong or one.started_at <= told.at + CLOCK_SLACK
    return in_time and (least is None or said.meter_stop_wh >= least)


def _is_at_rest(db: Db, spot: Spot) -> bool:
    """Without a token only the station's word that nothing runs there tells which transaction is meant."""
    known = places.find(db, spot).connector
    return known.changed_at is not None and known.status in NOT_CHARGING


def _owns(said: Stop, judged: Judged, one: Transaction) -> bool:
    return authorization.may_stop(said.id_token or "", judged, own_key=one.token_key, own_parent=one.parent)


def _learnt(
    db: Db, spot: Spot, said: Stop, *, told: Told, rows: Sequence[Measured], judged: Judged | None
) -> Transaction:
    """A transaction of which only the end is known; it stands at no connector, as nobody says where."""
    number = charging.reserve_number(db) if said.number is None else said.number
    charging.claim_number(db, number)
    begun = Begun(
        ocpp_id=str(number),
        id_token=said.id_token or "",
        started_at=min((row.at for row in rows), default=told.at),
        said_at=None,
        # A reading at the moment of the stop says nothing of the start.
        meter_start_wh=next(
            (row.register_wh for row in rows if row.register_wh is not None and row.at < told.at), None
        ),
        start_key=said.stored_key(),
        marks=[Mark.UNKNOWN_START],
    )
    return charging.begin(db, spot, begun, judged)
