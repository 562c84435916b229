"""Column types that read the same from every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 of an aware time."""
    return round(at.timestamp() * 1000)


def from_ms(value: int) -> datetime:
    """The aware UTC time of milliseconds since 1970."""
    return datetime.fromtimestamp(value / 1000, UTC)


def _write_time(value: datetime | None) -> int | None:
    """Refuse naive times: they would be somebody's local time."""
    if value is None:
        return None
    if value.tzinfo is None:
        text = f"a time without a zone cannot be stored: {value}"
        raise ValueError(text)
    return to_ms(value)


def whole_ms(at: datetime) -> datetime:
    """The time as the database gives it back."""
    return at if at.microsecond % 1000 == 0 else from_ms(to_ms(at))


def _read_time(value: int | None) -> datetime | None:
    return None if value is None else from_ms(value)


def _write_json(value: Any) -> str | None:
    return None if value is None else _encode(value).decode()


def _read_json(value: str | None) -> Any:
    return None if value is None else _decode(value)


class Utc(TypeDecorator[datetime]):
    """An aware UTC time, kept as whole milliseconds since 1970: sortable, without a zone to lose."""

    impl = BigInteger
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], int | None]:  # noqa: ARG002 - SQLAlchemy's signature
        """One plain function: what SQLAlchemy would wrap around it costs more than it does."""
        return _write_time

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[int | None], datetime | None]:  # noqa: ARG002 - SQLAlchemy's signature
        """One plain function, as above."""
        return _read_time


class Json(TypeDecorator[Any]):
    """Plain data as compact JSON text."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], str | None]:  # noqa: ARG002 - SQLAlchemy's signature
        """Encode; `msgspec.Raw` and structs are fine too."""
        return _write_json

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[str | None], Any]:  # noqa: ARG002 - SQLAlchemy's signature
        """Decode into plain lists, dicts, numbers and strings."""
        return _read_json
