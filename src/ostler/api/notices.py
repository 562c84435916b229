"""What a station reports now and then, and what is odd about its connections."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter

from ostler.api.admission import VIEWER
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page, read_cursor
from ostler.api.stations import must_know
from ostler.store.reading.notices import list_notices

OfKind = Annotated[
    str | None,
    QueryParameter(description="Only of this kind: firmware, diagnostics, log, security, handshake, ..."),
]


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """One report; `at` is when it happened, as the station says, else when it came."""

    id: int
    kind: str
    status: str
    at: datetime
    data: Any


@get("/stations/{station_id:str}/notices", opt=VIEWER, tags=("Stations",))
async def list_station_notices(
    *,
    house: NamedDependency[House],
    station_id: FromPath[str],
    limit: Limit = 100,
    cursor: Cursor = None,
    kind: OfKind = None,
) -> Page[Notice]:
    """List what a station reported of firmware, diagnostics, logs and security, the latest first."""
    station = await must_know(house, station_id)
    after = read_cursor(cursor, int)
    rows = await house.store.read(list_notices, station.pk, kind=kind, after=after, limit=limit)
    return page(rows, lambda row: Notice(**row._asdict()), lambda row: (row.id,))
