"""The parameters of stations (1.6: configuration keys) as we last read them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, select, update

from ostler.services.masking import MASK, is_secret
from ostler.store.database import Db
from ostler.store.schema import parameters, stations
from ostler.store.statements import Query, Write, upsert


class Reading(NamedTuple):
    """A parameter as a station told it."""

    key: str
    value: str | None
    readonly: bool


class Parameter(NamedTuple):
    """A row of `parameters`; `known` is false where the station said that it does not know the key."""

    key: str
    value: str | None
    readonly: bool
    known: bool
    reboot_required: bool
    read_at: datetime


class _Booted(NamedTuple):
    booted_at: datetime | None


ALL = Query(
    select(*(parameters.c[name] for name in Parameter._fields))
    .where(parameters.c.station == bindparam("station"))
    .order_by(parameters.c.key),
    Parameter,
)
ONE = Query(
    select(*(parameters.c[name] for name in Parameter._fields)).where(
        parameters.c.station == bindparam("station"), func.lower(parameters.c.key) == bindparam("key")
    ),
    Parameter,
)
BOOTED = Query(select(stations.c.booted_at).where(stations.c.pk == bindparam("pk")), _Booted)
STORE = upsert(parameters, ("station", "key"), ("value", "readonly", "known", "reboot_required", "read_at"))
FORGET_SPELLINGS = Write(
    delete(parameters).where(
        parameters.c.station == bindparam("station"),
        func.lower(parameters.c.key) == bindparam("lowered"),
        parameters.c.key != bindparam("spelling"),
    )
)
AWAIT_REBOOT = Write(
    update(parameters)
    .values(reboot_required=True, read_at=bindparam("now"))
    .where(
        parameters.c.station == bindparam("of_station"), func.lower(parameters.c.key) == bindparam("lowered")
    )
)


def shown(key: str, value: str | None) -> str | None:
    """`value`, masked where `key` holds a secret."""
    return MASK if value and is_secret(key) else value


def listed(db: Db, station_pk: int) -> list[Parameter]:
    """All that we know of a station's parameters, by key."""
    return db.all(ALL, station=station_pk)


def find(db: Db, station_pk: int, key: str) -> Parameter | None:
    """One parameter; keys are compared without case (OCPP 1.6 §5.8)."""
    return db.one(ONE, station=station_pk, key=key.lower())


def value(db: Db, station_pk: int, key: str) -> str | None:
    """The last known value, or None."""
    row = find(db, station_pk, key)
    return row.value if row is not None and row.known else None


def whole_number(db: Db, station_pk: int, key: str) -> int | None:
    """The last known value as a number; None where it is unknown or no number."""
    text = (value(db, station_pk, key) or "").strip()
    return int(text) if text.isdecimal() and len(text) < 10 else None


def store(
    db: Db, station_pk: int, readings: Iterable[Reading], unknown: Iterable[str], now: datetime
) -> None:
    """Keep what a station told, in the spelling of the station; secrets are masked.

    A change that waits for a reboot goes on waiting until the station has booted.
    """
    booted = db.one(BOOTED, pk=station_pk)
    booted_at = booted.booted_at if booted else None
    waiting = {
        row.key.lower()
        for row in listed(db, station_pk)
        if row.reboot_required and (booted_at is None or booted_at <= row.read_at)
    }
    rows = [(each.key, shown(each.key, each.value), each.readonly, True) for each in readings]
    rows += [(key, None, False, False) for key in unknown]
    for key, text, readonly, known in rows:
        lowered = key.lower()
        db.run(FORGET_SPELLINGS, station=station_pk, lowered=lowered, spelling=key)
        db.run(
            STORE,
            station=station_pk,
            key=key,
            value=text,
            readonly=readonly,
            known=known,
            reboot_required=lowered in waiting,
            read_at=now,
        )


def await_reboot(db: Db, station_pk: int, key: str, now: datetime) -> None:
    """Note that a change of `key` waits for the station's reboot; a key that was never read gets a row."""
    if not db.run(AWAIT_REBOOT, of_station=station_pk, lowered=key.lower(), now=now):
        db.run(
            STORE,
            station=station_pk,
            key=key,
            value=None,
            readonly=False,
            known=True,
            reboot_required=True,
            read_at=now,
        )


def spelled_like(known: str | None, wanted: str) -> str:
    """`wanted`, a boolean in the letter case that the station itself uses (`True`, `TRUE`, `true`)."""
    if known is None or {known.casefold(), wanted.casefold()} - {"true", "false"}:
        return wanted
    if known.isupper():
        return wanted.upper()
    return wanted.title() if known.istitle() else wanted.lower()
