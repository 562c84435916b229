"""The account of a transaction that ended: its times, its energy, and what is odd about them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, update

from ostler.domain import measures
from ostler.domain.clocks import Told
from ostler.domain.events import TransactionEnded
from ostler.domain.measures import MeterHabits
from ostler.domain.transactions import energy
from ostler.domain.words import Mark
from ostler.services import charging, live, metering, places, profiles
from ostler.services.live import Measured
from ostler.services.places import Spot, Transaction
from ostler.store.database import Db
from ostler.store.schema import transactions
from ostler.store.statements import Write

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


class End(NamedTuple):
    """What is known of an end; `other_token`: whoever stopped has no right to the transaction."""

    told: Told
    meter_stop_wh: float
    reason: str
    id_token: str
    stop_key: str
    other_token: bool


class _Account(NamedTuple):
    energy_wh: float | None
    sampled_wh: float | None
    last_register_wh: float | None
    last_sample_at: datetime | None
    marks: list[str]


def settle(
    db: Db,
    spot: Spot,
    transaction: Transaction,
    end: End,
    rows: Sequence[Measured],
    *,
    habits: MeterHabits,
) -> None:
    """End `transaction` and give its connector free; `rows` are the samples that came with the stop."""
    here = spot.of(transaction)
    place = places.find(db, here)
    metering.keep(db, here, transaction, rows)
    ended_at, energy_wh = _store(db, spot, transaction, end, rows, habits=habits)
    if place.running is not None and place.running.pk == transaction.pk:
        live.turn(
            db,
            here,
            place,
            running=None,
            register_wh=end.meter_stop_wh,
            at=ended_at,
            session_wh=energy_wh,
            power_w=0.0,
        )
    _tell(db, here, transaction, energy_wh, end.reason)


def _store(
    db: Db,
    spot: Spot,
    transaction: Transaction,
    end: End,
    rows: Sequence[Measured],
    *,
    habits: MeterHabits,
) -> tuple[datetime, float | None]:
    """Write the account; gives the end and the energy in Wh."""
    ended_at, marks = _time(end, transaction, spot.received_at)
    account = _account(end, rows, transaction, ended_at, habits)
    marks = [mark for mark in dict.fromkeys([*account.marks, *marks]) if mark != Mark.CLOSED_BY_NEXT]
    places.forget(db, spot.station_pk)
    db.run(
        _END,
        transaction_pk=transaction.pk,
        new_ended_at=ended_at,
        new_stop_said_at=end.told.said,
        new_meter_stop_wh=end.meter_stop_wh,
        new_energy_wh=account.energy_wh,
        new_sampled_wh=account.sampled_wh,
        new_last_register_wh=account.last_register_wh,
        new_last_sample_at=account.last_sample_at,
        new_stop_reason=end.reason,
        new_stop_token=end.id_token,
        new_stop_key=end.stop_key,
        new_marks=marks or None,
    )
    return ended_at, account.energy_wh


def _time(end: End, transaction: Transaction, received_at: datetime) -> tuple[datetime, list[str]]:
    """When it ended, and what is odd about that: a clock may go back while a car charges."""
    marks = charging.time_marks(end.told)
    ended_at = end.told.at
    if ended_at < transaction.started_at:
        ended_at = max(received_at, transaction.started_at)
        marks.append(Mark.CLOCK)
    if end.other_token:
        marks.append(Mark.OTHER_TOKEN)
    return ended_at, [mark.value for mark in marks]


def _account(
    end: End, rows: Sequence[Measured], transaction: Transaction, ended_at: datetime, habits: MeterHabits
) -> _Account:
    """What the transaction took by its registers and by its samples, and whether these agree."""
    meter = metering.metered(transaction, rows)
    registered = transaction.last_register_wh is not None or any(row.register_wh is not None for row in rows)
    intervals = transaction.sampled_wh is not None or any(measures.INTERVAL in row.found for row in rows)
    total = energy(
        meter_start_wh=transaction.meter_start_wh,
        meter_stop_wh=end.meter_stop_wh,
        sampled_wh=meter.energy_wh if registered else None,
        seconds=(ended_at - transaction.started_at).total_seconds(),
        unsampled_s=(ended_at - (meter.at or ended_at)).total_seconds(),
    )
    energy_wh = total.energy_wh
    if registered and end.meter_stop_wh < (transaction.meter_start_wh or 0.0):
        # The register restarted meanwhile: what flowed between the last sample and the stop counts as well.
        energy_wh = meter.read(end.meter_stop_wh, ended_at).energy_wh
    sampled = registered or intervals
    marks = metering.marks_of(transaction, meter, habits)
    return _Account(
        energy_wh,
        meter.energy_wh if sampled else None,
        meter.register_wh if registered else None,
        meter.at if sampled else None,
        [*marks, Mark.ENERGY.value] if total.odd else marks,
    )


def _tell(db: Db, spot: Spot, transaction: Transaction, energy_wh: float | None, reason: str) -> None:
    profiles.transaction_ended(
        db, spot.station_pk, transaction_pk=transaction.pk, evse=spot.evse, now=spot.received_at
    )
    db.emit(
        TransactionEnded(
            at=spot.received_at,
            station=spot.station,
            transaction_id=transaction.pk,
            evse=spot.evse,
            connector=spot.connector,
            id_token=transaction.id_token,
            energy_wh=energy_wh,
            reason=reason,
        )
    )
