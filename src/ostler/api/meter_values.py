"""Meter values: each reading, or least, mean and most over some time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from ostler.api.admission import VIEWER
from ostler.api.house import House
from ostler.api.paging import Begin, Cursor, End, Limit, Page, page, read_cursor
from ostler.api.problems import unfit
from ostler.store.reading.meter_values import (
    COLUMNS,
    Bucket,
    MeterFilter,
    ReadingRow,
    list_buckets,
    list_readings,
)

SECONDS = {"1m": 60, "15m": 900, "1h": 3600, "1d": 86_400}
Resolution = Annotated[
    Literal["raw", "1m", "15m", "1h", "1d"],
    QueryParameter(description="raw, or the time that one value sums up; aligned to midnight UTC."),
]
Wanted = Annotated[
    str | None,
    QueryParameter(
        description=f"As OCPP calls it; as measurand also {' or '.join(COLUMNS)}, worked out here."
    ),
]
OfStation = Annotated[str | None, QueryParameter(description="The station's identity.")]
OfConnector = Annotated[int | None, QueryParameter(description="Only of this connector.")]
OfTransaction = Annotated[int | None, QueryParameter(description="Only of this transaction.")]


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """One value, in Wh, W, A, V, Celsius or Percent; empty `phase`: all together."""

    measurand: str
    value: float | str
    unit: str
    phase: str
    location: str
    context: str


class MeterReading(msgspec.Struct, frozen=True, kw_only=True):
    """All samples of one moment, and energy and power as worked out from them."""

    at: datetime
    station: str
    evse: int
    connector: int
    transaction_id: int | None
    energy_wh: float | None
    power_w: float | None
    samples: list[Sample]


class MeterSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One measurand from `at` on, for as long as the resolution says."""

    at: datetime
    measurand: str
    phase: str
    location: str
    unit: str
    min: float
    mean: float
    max: float
    count: int


MeterPage = Page[MeterReading] | Page[MeterSummary]


@get("/meter-values", opt=VIEWER, tags=("Meter values",))
async def list_meter_values(
    *,
    house: NamedDependency[House],
    limit: Limit = 100,
    cursor: Cursor = None,
    station: OfStation = None,
    connector: OfConnector = None,
    transaction: OfTransaction = None,
    measurand: Wanted = None,
    phase: Wanted = None,
    begin: Begin = None,
    end: End = None,
    resolution: Resolution = "raw",
) -> MeterPage:
    """List meter values in the order of time; summed up, the last ones unless `from` says since when."""
    if station is None and transaction is None:
        raise unfit("station", 'Say of which "station" or "transaction".')
    wanted = MeterFilter(station, None, connector, transaction, measurand, phase, begin, end)
    if resolution != "raw" and begin is None:
        until = end or house.now()
        wanted = wanted._replace(begin=until - timedelta(seconds=SECONDS[resolution] * limit))
    return await read_meter_page(house, wanted, resolution, cursor, limit)


async def read_meter_page(
    house: House, wanted: MeterFilter, resolution: str, cursor: str | None, limit: int
) -> MeterPage:
    """A page of readings or of summaries."""
    if resolution == "raw":
        after = read_cursor(cursor, datetime, int)
        rows = await house.store.read(list_readings, wanted, after=after, limit=limit)
        return page(rows, _reading, lambda row: (row.at, row.id))
    after = read_cursor(cursor, datetime, str, str, str, str)
    seconds = SECONDS[resolution]
    buckets = await house.store.read(list_buckets, wanted, seconds=seconds, after=after, limit=limit)
    return page(buckets, _summary, lambda bucket: bucket[:5])


def _reading(row: ReadingRow) -> MeterReading:
    return MeterReading(
        at=row.at,
        station=row.station,
        evse=row.evse,
        connector=row.connector,
        transaction_id=row.transaction,
        energy_wh=row.energy_wh,
        power_w=row.power_w,
        samples=[_sample(values) for values in row.samples],
    )


def _sample(values: list[Any]) -> Sample:
    return Sample(**dict(zip(Sample.__struct_fields__, values, strict=True)))


def _summary(bucket: Bucket) -> MeterSummary:
    return MeterSummary(
        at=bucket.at,
        measurand=bucket.measurand,
        phase=bucket.phase,
        location=bucket.location,
        unit=bucket.unit,
        min=bucket.least,
        mean=round(bucket.mean, 3),
        max=bucket.most,
        count=bucket.samples,
    )
