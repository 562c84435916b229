"""Transactions and their meter values."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from ostler.api.admission import VIEWER
from ostler.api.exports import CHUNK, csv_lines, download
from ostler.api.house import House
from ostler.api.meter_values import MeterPage, Resolution, Wanted, read_meter_page
from ostler.api.paging import Begin, Cursor, End, Limit, Page, page, read_cursor
from ostler.api.problems import Refused
from ostler.domain.words import Mark
from ostler.store.reading.meter_values import MeterFilter
from ostler.store.reading.transactions import (
    TransactionFilter,
    TransactionRow,
    get_transaction,
    list_transactions,
)

OfStation = Annotated[str | None, QueryParameter(description="Only at the station of this identity.")]
OfEvse = Annotated[int | None, QueryParameter(description="Only at this EVSE.")]
OfConnector = Annotated[int | None, QueryParameter(description="Only at this connector.")]
OfToken = Annotated[str | None, QueryParameter(description="Only of this id token.")]
OfGroup = Annotated[int | None, QueryParameter(description="Only of tokens in this authorization group.")]
Active = Annotated[
    bool | None, QueryParameter(description="true: only running ones, false: only ended ones.")
]
Marked = Annotated[Mark | None, QueryParameter(description="Only with this mark.")]


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    """A transaction. While it runs, `energy_wh` is what has flowed so far."""

    id: int
    ocpp_transaction_id: str
    station: str
    evse: int
    connector: int
    id_token: str
    user: str | None
    parent: str
    verdict: str
    started_at: datetime
    ended_at: datetime | None
    start_said_at: datetime | None
    stop_said_at: datetime | None
    meter_start_wh: float | None
    meter_stop_wh: float | None
    energy_wh: float | None
    sampled_wh: float | None
    last_sample_at: datetime | None
    stop_reason: str
    stop_token: str
    reservation_id: int | None
    marks: list[str]
    received_at: datetime


def provide_filter(
    *,
    station: OfStation = None,
    evse: OfEvse = None,
    connector: OfConnector = None,
    id_token: OfToken = None,
    group: OfGroup = None,
    active: Active = None,
    mark: Marked = None,
    begin: Begin = None,
    end: End = None,
) -> TransactionFilter:
    """The query parameters that choose transactions, the same for the list and the export."""
    return TransactionFilter(station, evse, connector, id_token, group, active, mark, begin, end)


WANTED = {"wanted": Provide(provide_filter, sync_to_thread=False)}


class TransactionController(Controller):
    """`/transactions`."""

    path = "/transactions"
    tags = ("Transactions",)

    @get(opt=VIEWER, dependencies=WANTED)
    async def list_transactions(
        self,
        *,
        house: NamedDependency[House],
        wanted: NamedDependency[TransactionFilter],
        limit: Limit = 100,
        cursor: Cursor = None,
    ) -> Page[Transaction]:
        """List transactions, the latest start first; `from` and `to` bound the start."""
        after = read_cursor(cursor, datetime, int)
        rows = await house.store.read(list_transactions, wanted, after=after, limit=limit)
        return page(rows, _show, lambda row: (row.started_at, row.id))

    @get("/{transaction_id:int}", opt=VIEWER)
    async def get_transaction(
        self, *, house: NamedDependency[House], transaction_id: FromPath[int]
    ) -> Transaction:
        """Show one transaction."""
        return _show(await _must_know(house, transaction_id))

    @get("/{transaction_id:int}/meter-values", opt=VIEWER)
    async def list_transaction_meter_values(
        self,
        *,
        house: NamedDependency[House],
        transaction_id: FromPath[int],
        limit: Limit = 100,
        cursor: Cursor = None,
        measurand: Wanted = None,
        phase: Wanted = None,
        resolution: Resolution = "raw",
    ) -> MeterPage:
        """List the meter values of a transaction in the order of time."""
        row = await _must_know(house, transaction_id)
        wanted = MeterFilter(
            transaction=transaction_id, measurand=measurand, phase=phase, begin=row.started_at
        )
        if resolution == "raw":
            wanted = wanted._replace(begin=None)
        return await read_meter_page(house, wanted, resolution, cursor, limit)


@get("/transactions.csv", opt=VIEWER, media_type="text/csv", tags=("Transactions",), dependencies=WANTED)
async def export_transactions(
    *, house: NamedDependency[House], wanted: NamedDependency[TransactionFilter]
) -> Stream:
    """Download transactions as CSV, all that the filters leave."""
    return download(_lines(house, wanted), "transactions.csv", "text/csv; charset=utf-8; header=present")


async def _lines(house: House, wanted: TransactionFilter) -> AsyncIterator[str]:
    columns = Transaction.__struct_fields__
    yield csv_lines([columns])
    after: list[Any] | None = None
    while True:
        rows = await house.store.read(list_transactions, wanted, after=after, limit=CHUNK)
        yield csv_lines(msgspec.structs.astuple(_show(row)) for row in rows.rows)
        if not rows.more:
            return
        after = [rows.rows[-1].started_at, rows.rows[-1].id]


async def _must_know(house: House, pk: int) -> TransactionRow:
    found = await house.store.read(get_transaction, pk)
    if found is None:
        raise Refused(404, f"There is no transaction {pk}.")
    return found


def _show(row: TransactionRow) -> Transaction:
    return Transaction(**{**row._asdict(), "marks": row.marks or []})
