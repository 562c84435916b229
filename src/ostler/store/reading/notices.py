"""What stations reported now and then, as a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import notices


class NoticeRow(NamedTuple):
    """One report."""

    id: int
    kind: str
    status: str
    at: datetime
    data: Any


_SELECT = select(*(notices.c["pk" if name == "id" else name] for name in NoticeRow._fields))


def list_notices(
    db: Db, station_pk: int, *, kind: str | None = None, after: list[Any] | None, limit: int
) -> Rows[NoticeRow]:
    """Notices of a station, the latest first; `after` is the last id seen."""
    clause = _SELECT.where(notices.c.station == station_pk)
    if kind is not None:
        clause = clause.where(notices.c.kind == kind)
    return read_page(
        db, clause, NoticeRow, Order((notices.c.pk,), newest_first=True), after=after, limit=limit
    )
