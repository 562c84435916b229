"""Meter values: kept sample by sample, and what they say of the connector and its transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from sqlalchemy import bindparam, exists, insert, select, update

from ostler.domain import clocks, measures
from ostler.domain.events import TransactionUpdated
from ostler.domain.measures import PLAIN, MeterHabits, Reading
from ostler.domain.registers import Meter
from ostler.domain.words import Mark
from ostler.services import live, places
from ostler.services.live import Measured
from ostler.services.places import Place, Spot, Transaction
from ostler.store.database import Db
from ostler.store.schema import meter_values, transactions
from ostler.store.statements import Write

BEFORE_START = timedelta(minutes=1)
AFTER_STOP = timedelta(minutes=5)

_ROW = ("station", "evse", "connector", "transaction", "at", "energy_wh", "power_w", "samples")
_NEW = select(*(bindparam(name, type_=meter_values.c[name].type).label(name) for name in _ROW)).subquery()
# A station whose answer was lost sends the same values again (OCPP 1.6 §3.7): they are kept once.
_INSERT = Write(
    insert(meter_values).from_select(
        _ROW,
        select(_NEW).where(
            ~exists().where(
                *(meter_values.c[name] == _NEW.c[name] for name in ("station", "at", "evse", "connector")),
                meter_values.c.samples == _NEW.c.samples,
            )
        ),
    )
)
_METERED = ("energy_wh", "sampled_wh", "last_register_wh", "last_sample_at", "marks")
_TRANSACTION = Write(
    update(transactions)
    .where(transactions.c.pk == bindparam("transaction_pk"))
    .values({name: bindparam(f"new_{name}") for name in _METERED})
)


def report(
    db: Db,
    spot: Spot,
    place: Place,
    readings: Sequence[Reading],
    *,
    said_id: str | None = None,
    habits: MeterHabits = PLAIN,
) -> Transaction | None:
    """Keep meter values; gives the transaction that they belong to.

    `place` is what is known of `spot`; `said_id` the transaction that the station names, None for none.
    """
    rows = measured(readings, spot.received_at, habits)
    if not rows:
        return None
    transaction = _belongs_to(db, spot, place, rows[0].at, said_id)
    keep(db, spot, transaction, rows)
    metered_now = None
    if transaction is not None and transaction.ended_at is None:
        transaction = metered_now = _meter(db, spot, transaction, rows, habits)
    running = place.running
    if running is not None and metered_now is not None and running.pk == metered_now.pk:
        running = metered_now
    shown = live.show(db, spot, place, rows, running=running)
    power_w = None if shown is None else shown.power_w
    if shown is not None:
        running_pk = running.pk if running else None
        db.emit(live.changed(spot, place, power_w=power_w, transaction_pk=running_pk))
    elif running is not place.running:
        places.remember(db, spot, msgspec.structs.replace(place, running=running))
    if metered_now is not None:
        _tell(db, spot, metered_now, metered_now.sampled_wh or 0.0, power_w)
    return transaction


def measured(
    readings: Sequence[Reading], received_at: datetime, habits: MeterHabits = PLAIN
) -> list[Measured]:
    """The readings in the order of time, each with its register and power; wrong clocks count as now."""
    rows = []
    for reading in readings:
        found = measures.values(reading.samples, habits.untrusted)
        at = clocks.judge(reading.at, received_at).at
        register_wh, power_w = measures.register_wh(found), measures.power_w(found)
        rows.append(Measured(at, found, register_wh, power_w, reading.samples))
    if len(rows) > 1:
        rows.sort(key=lambda row: row.at)
    return rows


def keep(db: Db, spot: Spot, transaction: Transaction | None, rows: Sequence[Measured]) -> None:
    """Store samples, each under its time."""
    for row in rows:
        db.later(
            _INSERT,
            station=spot.station_pk,
            evse=spot.evse,
            connector=spot.connector,
            transaction=None if transaction is None else transaction.pk,
            at=row.at,
            energy_wh=row.register_wh,
            power_w=row.power_w,
            samples=row.samples,
        )


def metered(transaction: Transaction, rows: Sequence[Measured]) -> Meter:
    """The transaction's meter after `rows`; it begins with the reading at the start."""
    first = transaction.last_register_wh is None
    meter = Meter(
        register_wh=transaction.meter_start_wh if first else transaction.last_register_wh,
        energy_wh=transaction.sampled_wh or 0.0,
        at=transaction.last_sample_at or transaction.started_at,
    )
    for row in rows:
        if row.register_wh is not None:
            meter = meter.read(row.register_wh, row.at)
        elif measures.INTERVAL in row.found:
            meter = meter.add(row.found[measures.INTERVAL], row.at)
    return meter


def marks_of(transaction: Transaction, meter: Meter, habits: MeterHabits) -> list[str]:
    """The transaction's marks; a register that restarts with each transaction by habit is not worth one."""
    odd = meter.reset and not habits.session_register
    return transaction.marked(*([Mark.REGISTER_RESET] if odd else []))


def _belongs_to(db: Db, spot: Spot, place: Place, at: datetime, said_id: str | None) -> Transaction | None:
    """The transaction named, if it is this station's; else the one that ran on the connector at that time.

    Stations name ids that were never given, or the last one long after its end.
    """
    running = place.running
    if said_id is not None:
        if running is not None and running.ocpp_id == said_id:
            return running
        places.forget(db, spot.station_pk)
        named = places.by_ocpp_id(db, spot.station_pk, said_id)
        if named is not None:
            return named
    if running is not None and at >= running.started_at - BEFORE_START:
        return running
    if spot.evse == 0:
        return None
    places.forget(db, spot.station_pk)
    grace = timedelta(0) if said_id is None else AFTER_STOP
    return places.during(db, spot, latest_start=at, earliest_end=at - grace)


def _meter(
    db: Db, spot: Spot, transaction: Transaction, rows: Sequence[Measured], habits: MeterHabits
) -> Transaction:
    """Store what the transaction took so far; gives it as it is now."""
    meter = metered(transaction, rows)
    registered = any(row.register_wh is not None for row in rows)
    now = transaction._replace(
        sampled_wh=meter.energy_wh,
        last_register_wh=meter.register_wh if registered else transaction.last_register_wh,
        last_sample_at=meter.at,
        marks=marks_of(transaction, meter, habits) or None,
    )
    db.soon(
        spot.station_pk,
        now.pk,
        _TRANSACTION,
        transaction_pk=now.pk,
        new_energy_wh=now.sampled_wh,
        new_sampled_wh=now.sampled_wh,
        new_last_register_wh=now.last_register_wh,
        new_last_sample_at=now.last_sample_at,
        new_marks=now.marks,
    )
    return now


def _tell(db: Db, spot: Spot, transaction: Transaction, energy_wh: float, power_w: float | None) -> None:
    db.emit(
        TransactionUpdated(
            at=spot.received_at,
            station=spot.station,
            transaction_id=transaction.pk,
            evse=spot.evse,
            connector=spot.connector,
            energy_wh=energy_wh,
            power_w=power_w,
        )
    )
