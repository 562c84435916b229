from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.domain.schedules import Kind, Limit, Period, Profile, Purpose, Running, Span, composite, limit_at

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = 3600
DAY = 24 * HOUR
RUNNING = Running(transaction="7", started_at=NOON)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def profile(*periods: tuple[int, float], **values) -> Profile:
    """A default profile from noon, if nothing else is said; periods are (start in seconds, amperes)."""
    defaults = {
        "profile_id": 1,
        "purpose": Purpose.TX_DEFAULT,
        "kind": Kind.ABSOLUTE,
        "stack_level": 0,
        "unit": "A",
        "start_at": NOON,
    }
    return Profile(
        **(defaults | values), periods=tuple(Period(start_s=start, limit=limit) for start, limit in periods)
    )


def amperes(profiles, at=NOON, evse=1, running=RUNNING):
    limit = limit_at(profiles, evse=evse, at=at, running=running)
    return None if limit is None else limit.value


def spans(profiles, duration_s, start=NOON, evse=1, running=RUNNING):
    found = composite(profiles, evse=evse, start=start, duration_s=duration_s, running=running)
    return [(span.start_s, None if span.limit is None else span.limit.value) for span in found]


def test_without_profiles_there_is_no_limit():
    assert spans([], HOUR) == [(0, None)]


def test_periods_follow_each_other():
    assert spans([profile((0, 16), (600, 10), (1200, 32))], HOUR) == [(0, 16), (600, 10), (1200, 32)]


def test_a_composite_begins_in_the_middle_of_a_schedule():
    assert spans([profile((0, 16), (600, 10))], HOUR, start=after(300)) == [(0, 16), (300, 10)]


def test_neighbouring_spans_differ():
    assert spans([profile((0, 16), (600, 16))], HOUR) == [(0, 16)]


def test_after_its_duration_a_profile_says_nothing():
    assert spans([profile((0, 16), duration_s=600)], HOUR) == [(0, 16), (600, None)]


def test_before_its_start_a_profile_says_nothing():
    assert spans([profile((0, 16))], HOUR, start=after(-600)) == [(0, None), (600, 16)]


def test_a_schedule_whose_first_period_is_late_says_nothing_before_it():
    assert spans([profile((60, 16))], HOUR) == [(0, None), (60, 16)]


def test_a_schedule_without_periods_says_nothing():
    assert spans([profile()], HOUR) == [(0, None)]


def test_the_higher_stack_level_wins_even_with_the_higher_limit():
    assert amperes([profile((0, 10), stack_level=0), profile((0, 32), stack_level=3)]) == 32


def test_where_the_higher_level_is_over_the_lower_one_counts():
    high = profile((0, 6), stack_level=1, duration_s=600)

    assert spans([profile((0, 16)), high], HOUR) == [(0, 6), (600, 16)]


def test_the_lowest_over_the_purposes_counts():
    station = profile((0, 20), (600, 8), purpose=Purpose.STATION_MAX)

    assert spans([profile((0, 16)), station], HOUR) == [(0, 16), (600, 8)]


def test_the_transactions_own_profile_overrules_the_default_one_even_with_the_higher_limit():
    own = profile((0, 32), purpose=Purpose.TX, evse=1, profile_id=2)

    assert amperes([profile((0, 6)), own]) == 32


def test_when_the_transactions_own_profile_is_over_the_default_one_counts():
    own = profile((0, 32), purpose=Purpose.TX, evse=1, duration_s=60)

    assert spans([profile((0, 6)), own], HOUR) == [(0, 32), (60, 6)]


def test_no_transactions_profile_exceeds_the_stations_maximum():
    own = profile((0, 32), purpose=Purpose.TX, evse=1)

    assert amperes([own, profile((0, 20), purpose=Purpose.STATION_MAX)]) == 20


@pytest.mark.parametrize(
    ("values", "limit"),
    [
        ({}, 10),
        ({"transaction": "7"}, 10),
        ({"transaction": "8"}, None),
        ({"evse": 2}, None),
        ({"evse": 0}, None),
    ],
)
def test_a_transactions_profile_is_for_its_transaction_and_connector(values, limit):
    assert amperes([profile((0, 10), **({"purpose": Purpose.TX, "evse": 1} | values))]) == limit


def test_without_a_transaction_its_profiles_say_nothing():
    assert amperes([profile((0, 10), purpose=Purpose.TX, evse=1)], running=None) is None


def test_a_connectors_own_default_replaces_that_of_the_station_there_only():
    both = [profile((0, 10)), profile((0, 32), evse=1)]

    assert [amperes(both, evse=1), amperes(both, evse=2)] == [32, 10]


def test_a_replaced_default_does_not_come_back_when_the_connectors_own_is_over():
    assert amperes([profile((0, 10)), profile((0, 32), evse=1, duration_s=60)], at=after(90)) is None


def test_a_station_default_of_another_level_stays_beside_the_connectors_own():
    assert amperes([profile((0, 10), stack_level=2), profile((0, 32), evse=1)]) == 10


def test_a_default_profile_of_another_connector_says_nothing():
    assert amperes([profile((0, 10), evse=2)]) is None


def test_the_grid_connection_knows_only_the_stations_maximum():
    both = [profile((0, 10)), profile((0, 40), purpose=Purpose.STATION_MAX)]

    assert amperes(both, evse=0, running=None) == 40


def test_a_relative_profile_counts_from_the_start_of_the_transaction():
    relative = profile((0, 6), (600, 16), kind=Kind.RELATIVE, start_at=None)
    started = Running(transaction="7", started_at=after(-300))

    assert spans([relative], HOUR, running=started) == [(0, 6), (300, 16)]


def test_a_relative_profile_ignores_a_start_that_it_names():
    relative = profile((0, 6), kind=Kind.RELATIVE, start_at=after(DAY))

    assert amperes([relative]) == 6


def test_an_absolute_profile_without_a_start_counts_from_the_start_of_charging():
    started = Running(transaction="7", started_at=after(-300))

    assert spans([profile((0, 6), (600, 16), start_at=None)], HOUR, running=started) == [(0, 6), (300, 16)]


def test_without_a_transaction_a_relative_profile_is_told_as_if_one_began_now():
    relative = profile((0, 6), (600, 16), kind=Kind.RELATIVE, start_at=None)

    assert spans([relative], HOUR, running=None) == [(0, 6), (600, 16)]


def test_a_station_maximum_without_a_start_counts_from_its_installation():
    station = profile((0, 6), (600, 16), purpose=Purpose.STATION_MAX, start_at=None, installed_at=after(-500))

    assert spans([station], HOUR) == [(0, 6), (100, 16)]


def test_a_daily_profile_returns_every_day():
    night = profile((0, 32), (6 * HOUR, 10), kind=Kind.RECURRING, recurs_s=DAY)

    assert spans([night], 2 * DAY) == [(0, 32), (6 * HOUR, 10), (DAY, 32), (DAY + 6 * HOUR, 10)]


def test_a_recurring_profile_is_still_there_weeks_later():
    night = profile((0, 32), (6 * HOUR, 10), kind=Kind.RECURRING, recurs_s=DAY)

    assert [amperes([night], at=after(40 * DAY + hour * HOUR)) for hour in (1, 7)] == [32, 10]


def test_a_recurring_profile_does_not_count_before_its_start():
    night = profile((0, 32), kind=Kind.RECURRING, recurs_s=DAY)

    assert amperes([night], at=after(-HOUR)) is None


def test_a_weekly_profile_counts_from_its_start():
    weekly = profile((0, 32), (DAY, 10), kind=Kind.RECURRING, recurs_s=7 * DAY)

    assert [amperes([weekly], at=after(days * DAY)) for days in (0.5, 6.5, 7.5)] == [32, 10, 32]


def test_a_recurring_profile_shorter_than_its_recurrence_leaves_a_gap():
    night = profile((0, 32), kind=Kind.RECURRING, recurs_s=DAY, duration_s=HOUR)

    assert spans([night], DAY + 2 * HOUR) == [(0, 32), (HOUR, None), (DAY, 32), (DAY + HOUR, None)]


def test_what_is_longer_than_the_recurrence_is_not_executed():
    night = profile((0, 32), (25 * HOUR, 6), kind=Kind.RECURRING, recurs_s=DAY, duration_s=30 * HOUR)

    assert spans([night], 3 * DAY) == [(0, 32)]


def test_a_profile_counts_only_while_it_is_valid():
    valid = profile((0, 10), start_at=after(-HOUR), valid_from=after(60), valid_to=after(120))

    assert spans([valid], HOUR) == [(0, None), (60, 10), (120, None)]


def test_watts_are_of_all_phases_and_amperes_of_each():
    watts = profile((0, 6900), unit="W")

    limit = limit_at([watts], evse=1, at=NOON, running=RUNNING)

    assert limit is not None
    assert (limit.amperes(), limit.watts()) == (10, 6900)


def test_one_phase_gives_a_third_of_the_power():
    single = Limit(value=16, unit="A", phases=1, purpose=Purpose.TX, profile_id=1)

    assert single.watts() == 3680


@pytest.mark.parametrize(("watts", "unit"), [(6900, "W"), (13800, "A")])
def test_limits_in_different_units_are_compared(watts, unit):
    both = [profile((0, 16)), profile((0, watts), unit="W", purpose=Purpose.STATION_MAX)]

    limit = limit_at(both, evse=1, at=NOON, running=RUNNING)

    assert limit is not None
    assert limit.unit == unit


def test_a_span_names_the_profile_that_decides():
    [span] = composite([profile((0, 16), profile_id=9)], evse=1, start=NOON, duration_s=60, running=RUNNING)

    assert span == Span(
        start_s=0, limit=Limit(value=16, unit="A", phases=3, purpose=Purpose.TX_DEFAULT, profile_id=9)
    )


moments = st.none() | st.integers(-DAY, DAY).map(after)


@st.composite
def any_profile(draw) -> Profile:
    kind = draw(st.sampled_from(Kind))
    starts = sorted({0, *draw(st.lists(st.integers(0, 2 * DAY), max_size=3))})
    return Profile(
        profile_id=draw(st.integers(1, 99)),
        purpose=draw(st.sampled_from(Purpose)),
        kind=kind,
        stack_level=draw(st.integers(0, 3)),
        unit=draw(st.sampled_from(["A", "W"])),
        periods=tuple(
            Period(start_s=start, limit=draw(st.integers(0, 32)), phases=draw(st.sampled_from([None, 1, 3])))
            for start in starts
        ),
        evse=draw(st.integers(0, 2)),
        duration_s=draw(st.none() | st.integers(1, 2 * DAY)),
        start_at=draw(moments),
        recurs_s=draw(st.sampled_from([DAY, 7 * DAY])) if kind is Kind.RECURRING else None,
        valid_from=draw(moments),
        valid_to=draw(moments),
        transaction=draw(st.sampled_from([None, "7", "8"])),
        installed_at=draw(moments),
    )


profiles_of_a_station = st.lists(any_profile(), max_size=6)


@given(
    profiles=profiles_of_a_station, running=st.sampled_from([None, RUNNING]), at=st.integers(-DAY, 2 * DAY)
)
def test_no_composite_exceeds_what_the_winner_of_any_purpose_allows(profiles, running, at):
    together = limit_at(profiles, evse=1, at=after(at), running=running)
    station = limit_at(
        [each for each in profiles if each.purpose is Purpose.STATION_MAX],
        evse=1,
        at=after(at),
        running=running,
    )
    session = limit_at(
        [each for each in profiles if each.purpose is not Purpose.STATION_MAX],
        evse=1,
        at=after(at),
        running=running,
    )

    for bound in (station, session):
        assert bound is None or (together is not None and together.amperes() <= bound.amperes())
    assert together in (station, session)


@given(
    profiles=profiles_of_a_station,
    running=st.just(RUNNING),
    start=st.integers(-DAY, DAY),
    duration_s=st.integers(1, 3 * DAY),
    share=st.floats(0, 1, exclude_max=True),
)
def test_a_composite_says_at_every_moment_what_is_in_force_then(profiles, running, start, duration_s, share):
    moment = int(duration_s * share)

    schedule = composite(profiles, evse=1, start=after(start), duration_s=duration_s, running=running)

    assert schedule[0].start_s == 0
    assert all(0 <= span.start_s < duration_s for span in schedule)
    said = [span.limit for span in schedule if span.start_s <= moment][-1]
    assert said == limit_at(profiles, evse=1, at=after(start + moment), running=running)
