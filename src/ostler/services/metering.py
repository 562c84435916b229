"""Meter values: kept sample by sample, and what they say about the connector and its transaction now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, insert, update

from ostler.domain import clocks, measures
from ostler.domain.events import ConnectorChanged, TransactionUpdated
from ostler.domain.measures import PLAIN, MeterHabits, Reading
from ostler.domain.registers import Meter
from ostler.domain.status_words import AT_REST
from ostler.domain.words import Mark, Status
from ostler.services import places
from ostler.services.places import Place, Transaction
from ostler.store.database import Db
from ostler.store.schema import connectors, meter_values, transactions
from ostler.store.statements import Write, upsert
from ostler.store.types import from_ms, to_ms

BEFORE_START = timedelta(minutes=1)
AFTER_STOP = timedelta(minutes=5)
SHORTEST_S, LONGEST_S = 10.0, 3600.0
"""Between two readings that are closer or further apart, energy says little about power."""

_ROW = ("station", "evse", "connector", "transaction", "at", "energy_wh", "power_w", "samples")
_INSERT = Write(insert(meter_values).values({name: bindparam(name) for name in _ROW}))
_LIVE = upsert(
    connectors,
    ("station", "evse", "connector"),
    ("power_w", "register_wh", "lifetime_wh", "session_wh", "measures", "measured_at"),
)
_METERED = ("energy_wh", "sampled_wh", "last_register_wh", "last_sample_at", "marks")
_TRANSACTION = Write(
    update(transactions)
    .where(transactions.c.pk == bindparam("transaction_pk"))
    .values({name: bindparam(f"new_{name}") for name in _METERED})
)


class Measured(NamedTuple):
    """A reading with what it amounts to."""

    reading: Reading
    at: datetime
    found: dict[str, float]
    register_wh: float | None
    power_w: float | None


def measured(readings: Sequence[Reading], received_at: datetime) -> list[Measured]:
    """The readings in the order of time, each with its register and power."""
    result = []
    for reading in readings:
        found = measures.values(reading.samples)
        at = clocks.judge(reading.at, received_at).at
        result.append(Measured(reading, at, found, measures.register_wh(found), measures.power_w(found)))
    if len(result) > 1:
        result.sort(key=lambda one: one.at)
    return result


def report(
    db: Db,
    station_pk: int,
    station: str,
    received_at: datetime,
    *,
    evse: int,
    connector: int,
    readings: Sequence[Reading],
    said_id: str | None = None,
    place: Place | None = None,
    habits: MeterHabits = PLAIN,
) -> Transaction | None:
    """Keep meter values; gives the transaction that they belong to.

    `said_id` is the transaction that the station names, None for none; `place` saves a query where the caller has it.
    """
    place = place or places.find(db, station_pk, evse, connector)
    rows = measured(readings, received_at)
    if not rows:
        return None
    transaction = _belongs_to(db, station_pk, place, evse, connector, rows[0].at, said_id)
    keep(db, station_pk, evse, connector, transaction, rows)
    updated = None
    if transaction is not None and transaction.ended_at is None:
        updated = _meter(db, transaction, rows, habits)
    live = _live(db, station_pk, evse, connector, place, rows, updated)
    if live is not None:
        _tell(db, station, received_at, evse, connector, place, live, updated)
    return transaction


def keep(
    db: Db,
    station_pk: int,
    evse: int,
    connector: int,
    transaction: Transaction | None,
    rows: Sequence[Measured],
) -> None:
    """Store samples under the time that the station gives, wrong clocks under ours."""
    for row in rows:
        db.later(
            _INSERT,
            station=station_pk,
            evse=evse,
            connector=connector,
            transaction=None if transaction is None else transaction.pk,
            at=row.at,
            energy_wh=row.register_wh,
            power_w=row.power_w,
            samples=row.reading.samples,
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


def new_marks(transaction: Transaction, meter: Meter, habits: MeterHabits) -> list[str]:
    """The transaction's marks; a register that restarts with each transaction by habit is not worth one."""
    return transaction.marked(*([Mark.REGISTER_RESET] if meter.reset and not habits.session_register else []))


def _belongs_to(
    db: Db, station_pk: int, place: Place, evse: int, connector: int, at: datetime, said_id: str | None
) -> Transaction | None:
    """The transaction named, if it is this station's; else the one that ran on the connector at that time.

    Stations name ids that were never given, or the last one long after its end (OCPP 1.6 erratum 3.16).
    """
    running = place.running
    if said_id is not None:
        if running is not None and running.ocpp_id == said_id:
            return running
        named = places.by_ocpp_id(db, station_pk, said_id)
        if named is not None:
            return named
    if running is not None and at >= running.started_at - BEFORE_START:
        return running
    if evse == 0:
        return None
    grace = timedelta(0) if said_id is None else AFTER_STOP
    return places.during(db, station_pk, evse, connector, latest_start=at, earliest_end=at - grace)


class _Updated(NamedTuple):
    transaction: Transaction
    energy_wh: float


def _meter(db: Db, transaction: Transaction, rows: Sequence[Measured], habits: MeterHabits) -> _Updated:
    meter = metered(transaction, rows)
    registered = any(row.register_wh is not None for row in rows)
    db.run(
        _TRANSACTION,
        transaction_pk=transaction.pk,
        new_energy_wh=meter.energy_wh,
        new_sampled_wh=meter.energy_wh,
        new_last_register_wh=meter.register_wh if registered else transaction.last_register_wh,
        new_last_sample_at=meter.at,
        new_marks=new_marks(transaction, meter, habits) or None,
    )
    return _Updated(transaction, meter.energy_wh)


class _Live(NamedTuple):
    power_w: float | None
    meter: Meter
    found: dict[str, list[float]]
    at: datetime | None


def _live(
    db: Db,
    station_pk: int,
    evse: int,
    connector: int,
    place: Place,
    rows: Sequence[Measured],
    updated: _Updated | None,
) -> _Live | None:
    """Lay newer values over the connector's live ones; None when all of these are history (stations replay it)."""
    known = place.connector
    live = _Live(known.power_w, connector_meter(place), known.measures or {}, known.measured_at)
    newer = [row for row in rows if live.at is None or row.at >= live.at]
    if not newer:
        return None
    for row in newer:
        live = _laid_over(live, row)
    if place.running is None and known.changed_at is not None and known.status in AT_REST and evse:
        live = live._replace(power_w=0.0)
    session_wh = known.session_wh
    if updated is not None and place.running is not None and updated.transaction.pk == place.running.pk:
        session_wh = updated.energy_wh
    db.run(
        _LIVE,
        station=station_pk,
        evse=evse,
        connector=connector,
        power_w=live.power_w,
        register_wh=live.meter.register_wh,
        lifetime_wh=live.meter.energy_wh,
        session_wh=session_wh,
        measures=live.found,
        measured_at=live.at,
    )
    return live


def connector_meter(place: Place) -> Meter:
    """The connector's register and lifetime energy as last known; `at` is when the register was read."""
    known = place.connector
    at = known.measured_at
    for name in (measures.REGISTER, f"{measures.REGISTER}.L1"):
        if known.measures and name in known.measures:
            at = from_ms(round(known.measures[name][1]))
            break
    return Meter(register_wh=known.register_wh, energy_wh=known.lifetime_wh or 0.0, at=at)


def advanced(meter: Meter, register_wh: float, at: datetime) -> Meter:
    """A connector's meter after a reading; its lifetime energy begins with the first register ever seen."""
    if meter.register_wh is None:
        return Meter(register_wh=register_wh, energy_wh=max(meter.energy_wh, register_wh), at=at)
    return meter.read(register_wh, at)


_TRANSITION = upsert(
    connectors,
    ("station", "evse", "connector"),
    ("transaction", "power_w", "session_wh", "register_wh", "lifetime_wh", "measures", "measured_at"),
)


def transition(
    db: Db,
    station_pk: int,
    evse: int,
    connector: int,
    place: Place,
    *,
    transaction_pk: int | None,
    register_wh: float | None,
    at: datetime,
    session_wh: float | None,
    power_w: float | None,
) -> None:
    """A transaction began (`transaction_pk`) or ended (None) on a connector, at this register reading."""
    meter, known = connector_meter(place), place.connector
    found, measured_at = known.measures or {}, known.measured_at
    if register_wh is not None:
        meter = advanced(meter, register_wh, at)
        if measured_at is None or at >= measured_at:
            found, measured_at = measures.latest(found, {measures.REGISTER: register_wh}, to_ms(at)), at
    db.run(
        _TRANSITION,
        station=station_pk,
        evse=evse,
        connector=connector,
        transaction=transaction_pk,
        power_w=power_w,
        session_wh=session_wh,
        register_wh=meter.register_wh,
        lifetime_wh=meter.energy_wh,
        measures=found or None,
        measured_at=measured_at,
    )


def _laid_over(live: _Live, row: Measured) -> _Live:
    before, meter, power_w = live.meter, live.meter, row.power_w
    if row.register_wh is not None:
        meter = advanced(before, row.register_wh, row.at)
        if power_w is None and before.at is not None and not meter.reset:
            seconds = (row.at - before.at).total_seconds()
            if before.register_wh is not None and SHORTEST_S <= seconds <= LONGEST_S:
                power_w = round((meter.energy_wh - before.energy_wh) * 3600 / seconds, 1)
    found = measures.latest(live.found, row.found, to_ms(row.at))
    return _Live(live.power_w if power_w is None else power_w, meter, found, row.at)


def _tell(
    db: Db,
    station: str,
    received_at: datetime,
    evse: int,
    connector: int,
    place: Place,
    live: _Live,
    updated: _Updated | None,
) -> None:
    known = place.connector
    db.emit(
        ConnectorChanged(
            at=received_at,
            station=station,
            evse=evse,
            connector=connector,
            status=known.status or Status.AVAILABLE.value,
            error_code=known.error_code or "",
            info=known.info or "",
            power_w=live.power_w,
            transaction_id=place.running.pk if place.running else None,
        )
    )
    if updated is not None:
        db.emit(
            TransactionUpdated(
                at=received_at,
                station=station,
                transaction_id=updated.transaction.pk,
                evse=evse,
                connector=connector,
                energy_wh=updated.energy_wh,
                power_w=live.power_w,
            )
        )
