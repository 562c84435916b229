from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ostler.domain.clocks import is_outdated, judge

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


def ago(**offset):
    return NOW - timedelta(**offset)


def test_a_time_not_told_is_when_it_was_heard():
    told = judge(None, NOW)

    assert (told.at, told.said, told.wrong, told.late) == (NOW, None, False, False)


@pytest.mark.parametrize("said", [ago(seconds=0), ago(minutes=5), ago(minutes=-10)])
def test_a_time_about_now_is_believed(said):
    told = judge(said, NOW)

    assert (told.at, told.wrong, told.late) == (said, False, False)


def test_a_past_time_is_late_and_believed():
    told = judge(ago(hours=5), NOW)

    assert (told.at, told.wrong, told.late) == (ago(hours=5), False, True)


@pytest.mark.parametrize(
    "said", [ago(minutes=-11), datetime(1970, 1, 1, tzinfo=UTC), datetime(2014, 12, 31, tzinfo=UTC)]
)
def test_a_time_that_cannot_be_is_wrong_and_replaced(said):
    told = judge(said, NOW)

    assert (told.at, told.said, told.wrong, told.late) == (NOW, said, True, False)


def outdated(said, *, known=ago(seconds=30), heard=ago(seconds=30), booted=None):  # noqa: B008 - times do not change
    return is_outdated(said, NOW, known_said=known, known_received_at=heard, booted_at=booted)


def test_a_status_older_than_the_known_one_is_outdated():
    assert outdated(ago(minutes=5))


@pytest.mark.parametrize(
    "case",
    [
        {"said": None},
        {"said": ago(minutes=5), "known": None},
        {"said": ago(seconds=30)},
        {"said": datetime(1970, 1, 1, tzinfo=UTC)},
        {"said": ago(minutes=5), "booted": ago(seconds=10)},
        {"said": ago(minutes=5), "known": ago(minutes=-60)},
        {"said": ago(seconds=1), "known": ago(seconds=0)},
        {"said": ago(minutes=60), "known": ago(minutes=11), "heard": ago(minutes=11)},
    ],
    ids=[
        "no time",
        "none known",
        "equal",
        "unset clock",
        "booted since",
        "was ahead",
        "is current",
        "has stood",
    ],
)
def test_a_status_counts(case):
    assert not outdated(**case)
