"""The audit as a list."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import audit


class AuditRow(NamedTuple):
    """One change."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: Any


_SELECT = select(*(audit.c["pk" if name == "id" else name] for name in AuditRow._fields))


def list_audit(
    db: Db, *, actor: str | None = None, target: str | None = None, after: list[Any] | None, limit: int
) -> Rows[AuditRow]:
    """Changes, the latest first; `after` is the last id seen."""
    clause = _SELECT
    if actor is not None:
        clause = clause.where(audit.c.actor == actor)
    if target is not None:
        clause = clause.where(audit.c.target == target)
    return read_page(db, clause, AuditRow, Order((audit.c.pk,), newest_first=True), after=after, limit=limit)
