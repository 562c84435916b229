from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.domain.registers import Meter, disagrees, step

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = 3600.0


@pytest.mark.parametrize(
    ("last", "new", "expected"),
    [
        (None, 500, (0, 500, False)),
        (1000, 3000, (2000, 3000, False)),
        (1000, 1000, (0, 1000, False)),
        (1000, 995, (0, 1000, False)),
        (5, 0, (0, 0, True)),
        (100_000, 700, (700, 700, True)),
        (9_000_000, 8_000_000, (0, 8_000_000, True)),
        (1000, 9_000_000, (0, 9_000_000, True)),
    ],
    ids=["first", "grows", "stands", "jitters", "zero", "restarts", "other meter", "leaps"],
)
def test_from_one_reading_to_the_next(last, new, expected):
    assert step(last, new, HOUR) == expected


@given(st.lists(st.floats(-1e9, 1e9), min_size=1), st.floats(0, 1e9))
def test_energy_never_falls_whatever_the_register_does(readings, first):
    meter = Meter(register_wh=first, energy_wh=0, at=NOW)
    for number, wh in enumerate(readings):
        after = meter.read(wh, NOW + timedelta(minutes=number))
        assert after.energy_wh >= meter.energy_wh
        meter = after


@given(st.lists(st.floats(0, 50_000), min_size=1))
def test_a_register_that_only_grows_gives_its_own_difference(gains):
    meter = Meter(register_wh=1000, energy_wh=0, at=NOW)
    total = 1000.0
    for number, gain in enumerate(gains, 1):
        total += gain
        meter = meter.read(total, NOW + timedelta(hours=number))

    assert meter.energy_wh == pytest.approx(total - 1000)
    assert not meter.reset


def test_an_older_reading_changes_nothing():
    meter = Meter(register_wh=1000, energy_wh=5, at=NOW)

    assert meter.read(2000, NOW - timedelta(seconds=1)) is meter


def test_a_reading_without_an_earlier_time_may_be_a_day_apart():
    assert Meter(register_wh=0, energy_wh=0, at=None).read(100_000, NOW).energy_wh == 100_000


def test_an_interval_counts_once():
    meter = Meter(register_wh=None, energy_wh=0, at=NOW).add(50, NOW + timedelta(minutes=1))

    assert meter.add(50, NOW + timedelta(minutes=1)).energy_wh == 50


@pytest.mark.parametrize(
    ("total", "sampled", "unsampled_s", "expected"),
    [
        (10_000, 10_000, 0, False),
        (10_000, 9_901, 0, False),
        (10_000, 9_800, 0, True),
        (10_000, 10_150, 0, True),
        (1_000, 960, 0, False),
        (10_000, 8_000, 600, False),
        (10_000, 2_000, 600, True),
        (0, 49, 0, False),
    ],
)
def test_samples_contradict_beyond_a_percent_and_fifty_watt_hours(total, sampled, unsampled_s, expected):
    assert disagrees(total, sampled, seconds=HOUR, unsampled_s=unsampled_s) is expected


def test_a_transaction_without_length_has_no_average_power():
    assert disagrees(5000, 0, seconds=0, unsampled_s=0)
