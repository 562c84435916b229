"""What to make of the times that stations tell."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

EARLIEST_YEAR = 2015
"""OCPP 1.6 is of 2015: an earlier time is a clock that was never set."""
AHEAD = timedelta(minutes=10)
LATE = timedelta(minutes=5)
FROZEN = timedelta(minutes=10)


class Told(msgspec.Struct, frozen=True):
    """A station's time: `said` as it stands in the message, `at` as we believe it.

    `wrong`: it cannot be true, and `at` is when we heard it. `late`: it was told after the fact.
    """

    at: datetime
    said: datetime | None
    wrong: bool
    late: bool


def judge(said: datetime | None, received_at: datetime) -> Told:
    """Old times are legal, as stations keep a queue while they are offline; the future and 1970 are not."""
    if said is None:
        return Told(received_at, None, False, False)
    if said.year < EARLIEST_YEAR or said - received_at > AHEAD:
        return Told(received_at, said, True, False)
    return Told(said, said, False, received_at - said > LATE)


def is_outdated(
    said: datetime | None,
    received_at: datetime,
    *,
    known_said: datetime | None,
    known_received_at: datetime | None,
    booted_at: datetime | None,
) -> bool:
    """Whether a status is older than the one that we know, on the station's own clock.

    A clock that was set back looks the same. So a status that claims to be current counts, as does one after
    a boot, one that replaces a time from the future, and any once the known one has stood for ten minutes.
    """
    if said is None or known_said is None or known_received_at is None:
        return False
    if said >= known_said or said.year < EARLIEST_YEAR:
        return False
    if booted_at is not None and booted_at > known_received_at:
        return False
    if known_said - known_received_at > timedelta(minutes=1) or received_at - said < timedelta(seconds=2):
        return False
    return received_at - known_received_at < FROZEN
