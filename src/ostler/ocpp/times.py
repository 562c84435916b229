"""Times as stations write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

NEVER_SET: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the time of a station whose clock says nothing usable."""

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199

_TEXT_OF_SECONDS = re.compile(r"\d{9,13}")
_MILLISECONDS_FROM = 10**11


class TimeFlaw(StrEnum):
    """What is wrong with a time."""

    NO_ZONE = "time-without-zone"
    NOT_RFC3339 = "time-not-rfc3339"
    OUT_OF_RANGE = "time-out-of-range"
    UNREADABLE = "time-unreadable"


def in_range(time: datetime) -> bool:
    """Whether a clock that runs can have said this time."""
    return FIRST_YEAR <= time.year <= LAST_YEAR


def whole_seconds(time: datetime) -> datetime:
    """Return `time` as we send it: some stations refuse fractions of a second."""
    return time.astimezone(UTC).replace(microsecond=0)


def read(value: object) -> tuple[datetime, TimeFlaw | None]:
    """Return the aware time that `value` means and what is wrong with it, if anything.

    A time without zone is taken as UTC, a number as seconds or milliseconds since 1970.
    An unreadable time or one of an impossible year is `NEVER_SET`.
    """
    time, flaw = _parse(value)
    if time is None:
        return NEVER_SET, TimeFlaw.UNREADABLE
    if not in_range(time):
        return NEVER_SET, TimeFlaw.OUT_OF_RANGE
    return time, flaw


def _parse(value: object) -> tuple[datetime | None, TimeFlaw | None]:
    if isinstance(value, str):
        text = value.strip()
        if not _TEXT_OF_SECONDS.fullmatch(text):
            return _parse_text(text, flawless="T" in value and text == value)
        value = int(text)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _parse_number(value), TimeFlaw.NOT_RFC3339
    return None, None


def _parse_text(text: str, *, flawless: bool) -> tuple[datetime | None, TimeFlaw | None]:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None, None
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC), TimeFlaw.NO_ZONE
    return time, None if flawless else TimeFlaw.NOT_RFC3339


def _parse_number(number: float) -> datetime | None:
    seconds = number / 1000 if abs(number) >= _MILLISECONDS_FROM else number
    try:
        return NEVER_SET + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return None
