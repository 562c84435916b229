"""Charging profiles that we believe are installed in the stations."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import and_, bindparam, delete, or_, select

from ostler.domain.events import LimitChanged
from ostler.domain.schedules import Kind, Period, Profile, Purpose, Running, Unit
from ostler.ocpp import v16
from ostler.store.database import Db
from ostler.store.schema import charging_profiles, stations, transactions
from ostler.store.statements import Query, Write, upsert

DAY_S = 86_400
WEEK_S = 7 * DAY_S


class Installed(NamedTuple):
    """A row of `charging_profiles`; `profile` is in the words of the station's OCPP version."""

    profile_id: int
    evse: int
    purpose: str
    stack_level: int
    transaction: int | None
    profile: dict[str, Any]
    installed_at: datetime


class Open(NamedTuple):
    """A running transaction: our pk, the id that the station knows, where it runs and since when."""

    pk: int
    ocpp_id: str
    evse: int
    started_at: datetime


class _Station(NamedTuple):
    id: str


STATION = Query(select(stations.c.id).where(stations.c.pk == bindparam("pk")), _Station)
INSTALLED = Query(
    select(*(charging_profiles.c[name] for name in Installed._fields))
    .where(charging_profiles.c.station == bindparam("station"))
    .order_by(charging_profiles.c.evse, charging_profiles.c.purpose, charging_profiles.c.stack_level),
    Installed,
)
RUNNING = Query(
    select(*(transactions.c[name] for name in ("pk", "ocpp_id", "evse", "started_at")))
    .where(
        transactions.c.station == bindparam("station"),
        transactions.c.evse == bindparam("evse"),
        transactions.c.ended_at.is_(None),
    )
    .order_by(transactions.c.pk.desc())
    .limit(1),
    Open,
)
INSTALL = upsert(
    charging_profiles,
    ("station", "profile_id"),
    ("evse", "purpose", "stack_level", "transaction", "profile", "installed_at"),
)
REMOVE = Write(
    delete(charging_profiles).where(
        charging_profiles.c.station == bindparam("station"),
        charging_profiles.c.profile_id == bindparam("profile_id"),
    )
)

REMOVE_OF_TRANSACTION = Write(
    delete(charging_profiles).where(
        charging_profiles.c.station == bindparam("of_station"),
        charging_profiles.c.purpose == Purpose.TX.value,
        or_(
            charging_profiles.c.transaction == bindparam("ended"),
            and_(charging_profiles.c.transaction.is_(None), charging_profiles.c.evse == bindparam("of_evse")),
        ),
    )
)


def installed(db: Db, station_pk: int) -> list[Installed]:
    """What we believe is installed, ordered by EVSE, purpose and stack level."""
    return db.all(INSTALLED, station=station_pk)


def running(db: Db, station_pk: int, evse: int) -> Open | None:
    """The newest open transaction of an EVSE."""
    return db.one(RUNNING, station=station_pk, evse=evse)


def install(
    db: Db,
    station_pk: int,
    evse: int,
    profile: v16.ChargingProfile,
    *,
    now: datetime,
    transaction: int | None = None,
) -> None:
    """Note that the station accepted `profile`; `transaction` is our pk of the one that a TxProfile is for.

    It replaces the profile of the same id, and that of the same EVSE, purpose and stack level (OCPP 1.6
    §5.16).
    """
    purpose = profile.charging_profile_purpose.value
    for row in installed(db, station_pk):
        if (row.evse, row.purpose, row.stack_level) == (evse, purpose, profile.stack_level):
            db.run(REMOVE, station=station_pk, profile_id=row.profile_id)
    db.run(
        INSTALL,
        station=station_pk,
        profile_id=profile.charging_profile_id,
        evse=evse,
        purpose=purpose,
        stack_level=profile.stack_level,
        transaction=transaction,
        profile=profile,
        installed_at=now,
    )
    _tell(db, station_pk, evse, now)


def matching(
    rows: list[Installed],
    *,
    profile_id: int | None = None,
    evse: int | None = None,
    purpose: str | None = None,
    stack_level: int | None = None,
) -> list[Installed]:
    """The rows that ClearChargingProfile with these fields removes: an id alone suffices, others are
    ANDed.
    """
    if profile_id is not None:
        return [row for row in rows if row.profile_id == profile_id]
    return [
        row
        for row in rows
        if evse in {None, row.evse}
        and purpose in {None, row.purpose}
        and stack_level in {None, row.stack_level}
    ]


def remove(db: Db, station_pk: int, rows: list[Installed], now: datetime) -> None:
    """Note that the station removed `rows`."""
    for row in rows:
        db.run(REMOVE, station=station_pk, profile_id=row.profile_id)
    for evse in sorted({row.evse for row in rows}):
        _tell(db, station_pk, evse, now)


def transaction_ended(db: Db, station_pk: int, *, transaction_pk: int, evse: int, now: datetime) -> None:
    """Forget the profiles of a transaction: its station does too (OCPP 1.6 §3.13.1).

    One that came with a remote start names no transaction; it goes with the next that ends on its EVSE.
    """
    if db.run(REMOVE_OF_TRANSACTION, of_station=station_pk, ended=transaction_pk, of_evse=evse):
        _tell(db, station_pk, evse, now)


def believed(db: Db, station_pk: int) -> list[Profile]:
    """What is installed, in our words."""
    return [
        to_profile(
            msgspec.convert(row.profile, v16.ChargingProfile), evse=row.evse, installed_at=row.installed_at
        )
        for row in installed(db, station_pk)
    ]


def as_running(transaction: Open | None) -> Running | None:
    """The transaction as schedules see it."""
    if transaction is None:
        return None
    return Running(transaction=transaction.ocpp_id, started_at=transaction.started_at)


def to_profile(profile: v16.ChargingProfile, *, evse: int, installed_at: datetime | None = None) -> Profile:
    """A profile of OCPP 1.6 in our words. Raises ValueError at a purpose or kind that OCPP 1.6 does not
    know.
    """
    schedule = profile.charging_schedule
    unit: Unit = "W" if schedule.charging_rate_unit is v16.ChargingRateUnitType.W else "A"
    recurs = {v16.RecurrencyKindType.DAILY: DAY_S, v16.RecurrencyKindType.WEEKLY: WEEK_S}
    kind = Kind(profile.charging_profile_kind.value)
    return Profile(
        profile_id=profile.charging_profile_id,
        purpose=Purpose(profile.charging_profile_purpose.value),
        kind=kind,
        stack_level=profile.stack_level,
        unit=unit,
        periods=tuple(
            Period(start_s=each.start_period, limit=each.limit, phases=each.number_phases)
            for each in sorted(schedule.charging_schedule_period, key=lambda each: each.start_period)
        ),
        evse=evse,
        duration_s=schedule.duration,
        start_at=schedule.start_schedule,
        recurs_s=recurs.get(profile.recurrency_kind or v16.RecurrencyKindType.DAILY)
        if kind is Kind.RECURRING
        else None,
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        transaction=None if profile.transaction_id is None else str(profile.transaction_id),
        installed_at=installed_at,
    )


def _tell(db: Db, station_pk: int, evse: int, now: datetime) -> None:
    station = db.one(STATION, pk=station_pk)
    if station is not None:
        db.emit(LimitChanged(at=now, station=station.id, evse=evse))
