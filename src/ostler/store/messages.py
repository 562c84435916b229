"""Searching log.db. All functions take a `Db` of it (`Store.read_log`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Select, or_, select

from ostler.store.database import Db
from ostler.store.schema import messages
from ostler.store.statements import Query

CHUNK = 1000


class Message(NamedTuple):
    """A row of the log, in the order of `schema.messages`."""

    pk: int
    station: str
    epoch: int
    direction: str
    action: str
    message_id: str
    at: datetime
    latency_us: int | None
    outcome: str
    error_code: str
    request: str
    response: str
    deviations: Any
    connector: int | None
    transaction: str | None


class MessageFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which messages; all conditions must hold. `text` is looked for anywhere in request and response."""

    station: str | None = None
    direction: str | None = None
    action: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str | None = None
    connector: int | None = None
    transaction: str | None = None
    deviating: bool = False


def page(db: Db, wanted: MessageFilter, *, before: int | None = None, limit: int = 100) -> list[Message]:
    """Newest first; `before` is the pk of the last one of the page before."""
    statement = _select(wanted).order_by(messages.c.pk.desc()).limit(limit)
    if before is not None:
        statement = statement.where(messages.c.pk < before)
    return db.all(Query(statement, into=Message))


def following(db: Db, wanted: MessageFilter, *, after: int = 0, limit: int = CHUNK) -> list[Message]:
    """Oldest first, for exports in pieces and for tails; `after` is the pk of the last one known."""
    statement = _select(wanted).where(messages.c.pk > after).order_by(messages.c.pk).limit(limit)
    return db.all(Query(statement, into=Message))


def every(db: Db, wanted: MessageFilter) -> Iterator[Message]:
    """All of one snapshot, oldest first."""
    return iter(db.each(Query(_select(wanted).order_by(messages.c.pk), into=Message)))


def get(db: Db, pk: int) -> Message | None:
    """One message, unless it is too old to be kept."""
    return db.one(Query(select(messages).where(messages.c.pk == pk), into=Message))


def _select(wanted: MessageFilter) -> Select[Any]:
    statement = select(messages)
    for condition in _conditions(wanted):
        statement = statement.where(condition)
    return statement


def _conditions(wanted: MessageFilter) -> Iterator[ColumnElement[bool]]:
    columns = messages.c
    for name in ("station", "direction", "action", "outcome", "connector", "transaction"):
        value = getattr(wanted, name)
        if value is not None:
            yield columns[name] == value
    if wanted.since is not None:
        yield columns.at >= wanted.since
    if wanted.until is not None:
        yield columns.at < wanted.until
    if wanted.text:
        yield or_(
            columns.request.contains(wanted.text, autoescape=True),
            columns.response.contains(wanted.text, autoescape=True),
        )
    if wanted.deviating:
        yield columns.deviations.is_not(None)
