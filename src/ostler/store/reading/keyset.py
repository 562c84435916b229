"""Pages by key: each goes on behind the last row of the one before, and so costs no more than the first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Select, and_, literal, or_

from ostler.store.database import Db
from ostler.store.statements import Query

T = TypeVar("T")


class Rows(NamedTuple, Generic[T]):
    """A page of rows, and whether there are more behind it."""

    rows: list[T]
    more: bool


class Order(NamedTuple):
    """By which columns a list is ordered; together they are unique."""

    columns: tuple[ColumnElement[Any], ...]
    newest_first: bool = False


def read_page(
    db: Db, clause: Select[Any], into: type[T], order: Order, *, after: Sequence[Any] | None, limit: int
) -> Rows[T]:
    """The next `limit` rows of `clause` behind the key `after` (`order.columns`; None: from the start).

    The statement is compiled for the filters that are in it, so `clause` may differ from call to call.
    """
    if after is not None:
        clause = clause.where(_behind(order, after))
    for column in order.columns:
        clause = clause.order_by(column.desc() if order.newest_first else column.asc())
    rows = db.all(Query(clause.limit(limit + 1), into=into))
    return Rows(rows[:limit], len(rows) > limit)


def _behind(order: Order, after: Sequence[Any]) -> ColumnElement[bool]:
    """(a, b) behind (x, y): a > x, or a = x and b > y."""
    alternatives = []
    for index, column in enumerate(order.columns):
        value = literal(after[index], column.type)
        further = column < value if order.newest_first else column > value
        same = [
            before == literal(after[place], before.type) for place, before in enumerate(order.columns[:index])
        ]
        alternatives.append(and_(*same, further))
    return or_(*alternatives)
