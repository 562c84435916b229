"""The end of a transaction: found, assigned or made up, always kept, counted once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, update

from ostler.domain import clocks
from ostler.domain.clocks import Told
from ostler.domain.events import TransactionEnded, TransactionStarted
from ostler.domain.measures import PLAIN, MeterHabits, Reading
from ostler.domain.registers import JITTER_WH
from ostler.domain.transactions import LARGEST_NUMBER, energy, key
from ostler.domain.words import Mark, Status
from ostler.services import authorization, charging, metering, places
from ostler.services.authorization import Judged, token_key
from ostler.services.metering import Measured
from ostler.services.places import Transaction
from ostler.store.database import Db
from ostler.store.schema import transactions
from ostler.store.statements import Write
from ostler.store.types import to_ms

CLOCK_SLACK = timedelta(minutes=1)
GUESSED = "~"
"""Begins the stop key of a transaction to which a stop without a number was assigned: the real one may still come."""
NOT_CHARGING = frozenset(
    {Status.AVAILABLE, Status.PREPARING, Status.FINISHING, Status.UNAVAILABLE, Status.FAULTED}
)

_ENDED = (
    "ended_at",
    "stop_said_at",
    "meter_stop_wh",
    "energy_wh",
    "sampled_wh",
    "last_register_wh",
    "last_sample_at",
    "stop_reason",
    "stop_token",
    "stop_key",
    "marks",
)
_END = Write(
    update(transactions)
    .where(transactions.c.pk == bindparam("transaction_pk"))
    .values({name: bindparam(f"new_{name}") for name in _ENDED})
)


class Stop(NamedTuple):
    """What a station says of an end. `number` is None where it has none to give (-1, 0, out of range)."""

    station_pk: int
    station: str
    received_at: datetime
    number: int | None
    id_token: str | None
    meter_stop_wh: float
    said_at: datetime
    reason: str
    readings: Sequence[Reading] = ()
    habits: MeterHabits = PLAIN

    def key(self) -> str:
        """What makes a repeated stop the same stop; its number is not part of it, for some repeat it with -1."""
        return key("stop", to_ms(self.said_at), token_key(self.id_token or ""), self.meter_stop_wh)

    def stored_key(self) -> str:
        """The key, with a sign that the transaction was guessed where no number names it."""
        return self.key() if self.number is not None else GUESSED + self.key()


class Stopped(NamedTuple):
    """How a StopTransaction is answered: `judged` is None without a token."""

    transaction_pk: int
    ocpp_id: str
    judged: Judged | None


def stop(db: Db, said: Stop) -> Stopped:
    """End this station's transaction of that number, and no other.

    A number that we never gave, or none, is answered too, and kept as a transaction of which only the end is known -
    unless it can be told which one is meant (OCPP 1.6 erratum 3.18).
    """
    judged = None
    if said.id_token is not None:
        judged = authorization.verdict(db, said.station_pk, said.id_token, said.received_at, starting=False)
    told = clocks.judge(said.said_at, said.received_at)
    rows = metering.measured(said.readings, said.received_at)
    found = _named(db, said) if said.number is not None else _unnamed(db, said, told, judged)
    transaction = found or _learnt(db, said, told, rows, judged)
    if _is_open(transaction):
        _end(db, said, told, rows, transaction, judged)
    return Stopped(transaction.pk, transaction.ocpp_id, judged)


def _is_open(transaction: Transaction) -> bool:
    """Whether a stop still has something to say: the first real one counts, what we made up gives way."""
    return not transaction.stop_key or transaction.ended_at is None


def _named(db: Db, said: Stop) -> Transaction | None:
    found = places.by_ocpp_id(db, said.station_pk, str(said.number))
    if found is not None and found.stop_key.startswith(GUESSED):
        return found._replace(stop_key="")
    return found


def _unnamed(db: Db, said: Stop, told: Told, judged: Judged | None) -> Transaction | None:
    """The transaction that a stop without a number means: the newest that fits in token, time and register."""
    for stop_key in (said.key(), said.stored_key()):
        repeated = places.by_stop_key(db, said.station_pk, stop_key)
        if repeated is not None:
            return repeated
    fitting = [one for one in places.unstopped(db, said.station_pk) if _fits(one, said, told)]
    if said.id_token is not None and judged is not None:
        owned = (one for one in fitting if _may_stop(said.id_token, judged, one))
        return next(owned, None)
    running = [one for one in fitting if one.ended_at is None]
    return running[0] if len(running) == 1 and _is_at_rest(db, said, running[0]) else None


def _fits(one: Transaction, said: Stop, told: Told) -> bool:
    least = one.meter_start_wh if one.last_register_wh is None else one.last_register_wh - JITTER_WH
    in_time = told.wrong or one.started_at <= told.at + CLOCK_SLACK
    return in_time and (least is None or said.meter_stop_wh >= least)


def _is_at_rest(db: Db, said: Stop, one: Transaction) -> bool:
    """Without a token only the station's own word that nothing runs there tells which transaction is meant."""
    place = places.find(db, said.station_pk, one.evse, one.connector)
    return place.connector.changed_at is not None and place.connector.status in NOT_CHARGING


def _may_stop(id_token: str, judged: Judged, one: Transaction) -> bool:
    return authorization.may_stop(id_token, judged, own_key=one.token_key, own_parent=one.parent)


def _learnt(db: Db, said: Stop, told: Told, rows: Sequence[Measured], judged: Judged | None) -> Transaction:
    """A transaction of which only this end is known. It stands at no connector: the station does not say where."""
    if said.number is None:
        number = charging.reserve_number(db)
    else:
        number = said.number
        if number <= LARGEST_NUMBER:
            charging.claim_number(db, number)
    registers = [row for row in rows if row.register_wh is not None]
    new = Transaction(
        pk=0,
        ocpp_id=str(number),
        evse=0,
        connector=0,
        id_token=said.id_token or "",
        token_key=token_key(said.id_token or ""),
        parent=judged.parent if judged else "",
        verdict=judged.verdict.value if judged else "",
        started_at=min((row.at for row in rows), default=told.at),
        ended_at=None,
        meter_start_wh=registers[0].register_wh if registers else None,
        meter_stop_wh=None,
        sampled_wh=None,
        last_register_wh=None,
        last_sample_at=None,
        marks=[Mark.UNKNOWN_START.value],
        stop_key="",
        received_at=said.received_at,
    )
    pk = db.insert(
        charging.INSERT,
        station=said.station_pk,
        start_said_at=None,
        reservation=None,
        start_key=said.stored_key(),
        **{name: getattr(new, name) for name in charging.NEW if name in Transaction._fields},
    )
    db.emit(
        TransactionStarted(
            at=said.received_at,
            station=said.station,
            transaction_id=pk,
            evse=0,
            connector=0,
            id_token=new.id_token,
            verdict=new.verdict,
        )
    )
    return new._replace(pk=pk)


def _end(
    db: Db, said: Stop, told: Told, rows: Sequence[Measured], transaction: Transaction, judged: Judged | None
) -> None:
    place = places.find(db, said.station_pk, transaction.evse, transaction.connector)
    metering.keep(db, said.station_pk, transaction.evse, transaction.connector, transaction, rows)
    backwards = told.at < transaction.started_at
    ended_at = max(said.received_at, transaction.started_at) if backwards else told.at
    took = _account(said, rows, transaction, ended_at)
    marks = charging.time_marks(told)
    if backwards:
        marks.append(Mark.CLOCK)
    if said.id_token is not None and judged is not None and not _may_stop(said.id_token, judged, transaction):
        marks.append(Mark.OTHER_TOKEN)
    db.run(
        _END,
        transaction_pk=transaction.pk,
        new_ended_at=ended_at,
        new_stop_said_at=said.said_at,
        new_meter_stop_wh=said.meter_stop_wh,
        new_stop_reason=said.reason,
        new_stop_token=said.id_token or "",
        new_stop_key=said.stored_key(),
        new_marks=_without_guess(transaction.marked(*marks, *took.marks)) or None,
        **took.columns(),
    )
    energy_wh = took.energy_wh
    if place.running is not None and place.running.pk == transaction.pk:
        metering.transition(
            db,
            said.station_pk,
            transaction.evse,
            transaction.connector,
            place,
            transaction_pk=None,
            register_wh=said.meter_stop_wh,
            at=ended_at,
            session_wh=energy_wh,
            power_w=0.0,
        )
        where = (transaction.evse, transaction.connector, place)
        db.emit(charging.changed(said.station, said.received_at, *where, None, 0.0))
    db.emit(
        TransactionEnded(
            at=said.received_at,
            station=said.station,
            transaction_id=transaction.pk,
            evse=transaction.evse,
            connector=transaction.connector,
            id_token=transaction.id_token,
            energy_wh=energy_wh,
            reason=said.reason,
        )
    )


def _without_guess(marks: list[str]) -> list[str]:
    return [mark for mark in marks if mark != Mark.CLOSED_BY_NEXT]


class _Account(NamedTuple):
    energy_wh: float | None
    sampled_wh: float | None
    last_register_wh: float | None
    last_sample_at: datetime | None
    marks: list[Mark]

    def columns(self) -> dict[str, object]:
        return {f"new_{name}": value for name, value in self._asdict().items() if name != "marks"}


def _account(said: Stop, rows: Sequence[Measured], transaction: Transaction, ended_at: datetime) -> _Account:
    """What the transaction took by its registers and by its samples, and whether these agree."""
    meter = metering.metered(transaction, rows)
    sampled_before = transaction.sampled_wh is not None
    registered = transaction.last_register_wh is not None or any(row.register_wh is not None for row in rows)
    sampled_wh = meter.energy_wh if registered or sampled_before or rows else None
    total = energy(
        meter_start_wh=transaction.meter_start_wh,
        meter_stop_wh=said.meter_stop_wh,
        sampled_wh=meter.energy_wh if registered else None,
        seconds=(ended_at - transaction.started_at).total_seconds(),
        unsampled_s=(ended_at - (meter.at or ended_at)).total_seconds(),
    )
    marks = [Mark(word) for word in metering.new_marks(transaction, meter, said.habits)]
    if total.odd:
        marks.append(Mark.ENERGY)
    return _Account(
        total.energy_wh,
        sampled_wh,
        meter.register_wh if registered else None,
        meter.at if registered or sampled_before else None,
        marks,
    )
