from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from ostler.ocpp import times
from ostler.ocpp.times import NEVER_SET, TimeFlaw

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "time", "flaw"),
    [
        ("2024-05-01T12:00:00Z", NOON, None),
        ("2024-05-01T14:00:00+02:00", NOON, None),
        ("2024-05-01T12:00:00.000Z", NOON, None),
        ("2024-05-01T12:00:00", NOON, TimeFlaw.NO_ZONE),
        ("2024-05-01 12:00:00Z", NOON, TimeFlaw.NOT_RFC3339),
        (" 2024-05-01T12:00:00Z ", NOON, TimeFlaw.NOT_RFC3339),
        (1714564800, NOON, TimeFlaw.NOT_RFC3339),
        (1714564800000, NOON, TimeFlaw.NOT_RFC3339),
        ("1714564800", NOON, TimeFlaw.NOT_RFC3339),
        ("0001-01-01T00:00:00Z", NEVER_SET, TimeFlaw.OUT_OF_RANGE),
        ("9999-12-31T23:59:59Z", NEVER_SET, TimeFlaw.OUT_OF_RANGE),
        ("222222017-01-01T00:00:00Z", NEVER_SET, TimeFlaw.UNREADABLE),
        ("", NEVER_SET, TimeFlaw.UNREADABLE),
        ("yesterday", NEVER_SET, TimeFlaw.UNREADABLE),
        (1e300, NEVER_SET, TimeFlaw.UNREADABLE),
        (True, NEVER_SET, TimeFlaw.UNREADABLE),
        (None, NEVER_SET, TimeFlaw.UNREADABLE),
        ([], NEVER_SET, TimeFlaw.UNREADABLE),
    ],
)
def test_a_time_is_read_as_far_as_it_says_anything(value, time, flaw):
    assert times.read(value) == (time, flaw)


def test_what_we_send_is_utc_in_whole_seconds():
    local = datetime(2024, 5, 1, 14, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))

    assert times.whole_seconds(local).isoformat() == "2024-05-01T12:00:00+00:00"
