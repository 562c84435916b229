"""Lists in pages: `{"items": [...], "next_cursor": ...}`."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.params import QueryParameter

from ostler.api.bodies import LARGEST_NUMBER
from ostler.api.problems import Refused, unfit
from ostler.store.reading.keyset import Rows

T = TypeVar("T")
R = TypeVar("R")

Limit = Annotated[int, QueryParameter(ge=1, le=1000, description="At most so many items.")]
Cursor = Annotated[
    str | None, QueryParameter(description="`next_cursor` of the page before; without: the first page.")
]
Begin = Annotated[
    datetime | None, QueryParameter(name="from", description="From this time on (ISO 8601 with zone).")
]
End = Annotated[
    datetime | None, QueryParameter(name="to", description="Before this time (ISO 8601 with zone).")
]


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some items of a list; `next_cursor` null: there are no more."""

    items: list[T]
    next_cursor: str | None = None


def page(rows: Rows[R], show: Callable[[R], T], key: Callable[[R], tuple[Any, ...]]) -> Page[T]:
    """Rows as a page: each shown by `show`; `key` gives what the next page goes on behind."""
    cursor = write_cursor(key(rows.rows[-1])) if rows.more and rows.rows else None
    return Page(items=[show(row) for row in rows.rows], next_cursor=cursor)


def page_of(rows: Sequence[R], show: Callable[[R], T], cursor: str | None, limit: int) -> Page[T]:
    """A page of a list that is short enough to be read whole."""
    start = (read_cursor(cursor, int) or [0])[0]
    if start < 0:
        raise _bad_cursor()
    end = start + limit
    following = write_cursor((end,)) if end < len(rows) else None
    return Page(items=[show(row) for row in rows[start:end]], next_cursor=following)


def write_cursor(key: tuple[Any, ...]) -> str:
    """A key as a text that nobody needs to read."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str | None, *kinds: type) -> list[Any] | None:
    """The key in a cursor, its values of `kinds`; raises `Refused`."""
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        key = list(msgspec.json.decode(text, type=tuple.__class_getitem__(kinds)))
        return [_kept(value) for value in key]
    except (binascii.Error, ValueError, OverflowError, msgspec.MsgspecError):
        raise _bad_cursor() from None


def _kept(value: Any) -> Any:
    """A value as the database may hold it; raises `ValueError` or `OverflowError` for any other."""
    match value:
        case int() if abs(value) > LARGEST_NUMBER:
            raise OverflowError
        case datetime() if value.tzinfo is None:
            raise ValueError
        case datetime():
            return value.astimezone(UTC)
        case _:
            return value


def _bad_cursor() -> Refused:
    return unfit("cursor", "Give `cursor` exactly as `next_cursor` came, or leave it out for the first page.")
