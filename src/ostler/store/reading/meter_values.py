"""Meter values: as they came, or drawn together into buckets of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, ColumnElement, Select, Text, cast, func, literal, select, type_coerce

from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import meter_values, stations
from ostler.store.types import Utc

COLUMNS = {"power_w": "W", "energy_wh": "Wh"}
"""What we work out ourselves for each reading, with its unit; asked for like a measurand."""


class ReadingRow(NamedTuple):
    """All samples of one moment; each is [measurand, value, unit, phase, location, context]."""

    id: int
    at: datetime
    station: str
    evse: int
    connector: int
    transaction: int | None
    energy_wh: float | None
    power_w: float | None
    samples: list[list[Any]]


class Bucket(NamedTuple):
    """One measurand over some time; `at` is where the time begins."""

    at: datetime
    measurand: str
    phase: str
    location: str
    unit: str
    least: float
    mean: float
    most: float
    samples: int


class MeterFilter(NamedTuple):
    """What to read; None: whatever it is. `begin` is included, `end` is not."""

    station: str | None = None
    evse: int | None = None
    connector: int | None = None
    transaction: int | None = None
    measurand: str | None = None
    phase: str | None = None
    begin: datetime | None = None
    end: datetime | None = None


_ORDER = Order((meter_values.c.at, meter_values.c.pk))
_READING = select(
    meter_values.c.pk,
    meter_values.c.at,
    stations.c.id,
    meter_values.c.evse,
    meter_values.c.connector,
    meter_values.c.transaction,
    meter_values.c.energy_wh,
    meter_values.c.power_w,
    meter_values.c.samples,
).join_from(meter_values, stations, stations.c.pk == meter_values.c.station)


def list_readings(db: Db, wanted: MeterFilter, *, after: list[Any] | None, limit: int) -> Rows[ReadingRow]:
    """Readings in the order of time; `after` is (`at`, `id`) of the last one seen."""
    clause = _filtered(_READING, wanted)
    for text in (wanted.measurand, wanted.phase):
        if text and text not in COLUMNS:
            stored = type_coerce(meter_values.c.samples, Text)
            clause = clause.where(stored.contains(f'"{text}"', autoescape=True))
    page = read_page(db, clause, ReadingRow, _ORDER, after=after, limit=limit)
    return Rows([_matching(row, wanted) for row in page.rows], page.more)


def list_buckets(
    db: Db, wanted: MeterFilter, *, seconds: int, after: list[Any] | None, limit: int
) -> Rows[Bucket]:
    """Least, mean and most of each measurand per `seconds`, aligned to midnight UTC.

    `after` is (`at`, `measurand`, `phase`, `location`, `unit`) of the last one seen.
    """
    if after is not None and (wanted.begin is None or after[0] > wanted.begin):
        wanted = wanted._replace(begin=after[0])
    source = _filtered(_samples(wanted.measurand, seconds), wanted).subquery()
    keys = (source.c.at, source.c.measurand, source.c.phase, source.c.location, source.c.unit)
    clause = select(
        *keys, func.min(source.c.value), func.avg(source.c.value), func.max(source.c.value), func.count()
    ).group_by(*keys)
    if wanted.measurand is not None:
        clause = clause.where(source.c.measurand == wanted.measurand)
    if wanted.phase is not None:
        clause = clause.where(source.c.phase == wanted.phase)
    return read_page(db, clause, Bucket, Order(keys), after=after, limit=limit)


def _samples(measurand: str | None, seconds: int) -> Select[Any]:
    """Every sample that is a number, with the begin of its bucket."""
    size = literal(seconds * 1000, BigInteger)
    at = cast(meter_values.c.at, BigInteger)
    begin: ColumnElement[Any] = (at - at % size).label("at")
    begin.type = Utc()
    if measurand in COLUMNS:
        column = meter_values.c[measurand]
        empty = literal("")
        named = (literal(measurand).label("measurand"), empty.label("phase"), empty.label("location"))
        return (
            select(begin, *named, literal(COLUMNS[measurand]).label("unit"), column.label("value"))
            .join_from(meter_values, stations, stations.c.pk == meter_values.c.station)
            .where(column.is_not(None))
        )
    each = func.json_each(meter_values.c.samples).table_valued("value")
    part = {
        name: func.json_extract(each.c.value, f"$[{place}]")
        for place, name in enumerate(("measurand", "value", "unit", "phase", "location"))
    }
    return (
        select(
            begin,
            *(part[name].label(name) for name in ("measurand", "phase", "location", "unit")),
            part["value"].label("value"),
        )
        .select_from(meter_values)
        .join(stations, stations.c.pk == meter_values.c.station)
        .join(each, literal(value=True))
        .where(func.typeof(part["value"]).in_(["integer", "real"]))
    )


def _filtered(clause: Select[Any], wanted: MeterFilter) -> Select[Any]:
    for column, value in (
        (stations.c.id, wanted.station),
        (meter_values.c.evse, wanted.evse),
        (meter_values.c.connector, wanted.connector),
        (meter_values.c.transaction, wanted.transaction),
    ):
        if value is not None:
            clause = clause.where(column == value)
    if wanted.begin is not None:
        clause = clause.where(meter_values.c.at >= wanted.begin)
    if wanted.end is not None:
        clause = clause.where(meter_values.c.at < wanted.end)
    return clause


def _matching(row: ReadingRow, wanted: MeterFilter) -> ReadingRow:
    """The row with only those samples that were asked for."""
    samples = [
        sample
        for sample in row.samples
        if wanted.measurand in {None, sample[0], *COLUMNS} and wanted.phase in {None, sample[3]}
    ]
    return row._replace(samples=samples)
