from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.domain.events import LimitChanged
from ostler.domain.schedules import Kind, Period, Profile, Purpose
from ostler.ocpp import v16
from ostler.services import profiles


def profile(number=1, *, purpose="TxDefaultProfile", level=0, **values):
    defaults = {"charging_profile_kind": v16.ChargingProfileKindType.ABSOLUTE}
    schedule = v16.ChargingSchedule(
        charging_rate_unit=v16.ChargingRateUnitType.W,
        charging_schedule_period=[
            v16.ChargingSchedulePeriod(start_period=600, limit=1000.0, number_phases=1),
            v16.ChargingSchedulePeriod(start_period=0, limit=2000.0),
        ],
        duration=3600,
    )
    return v16.ChargingProfile(
        charging_profile_id=number,
        stack_level=level,
        charging_profile_purpose=v16.ChargingProfilePurposeType(purpose),
        charging_schedule=schedule,
        **(defaults | values),
    )


def ids(db, station):
    return [row.profile_id for row in profiles.installed(db, station)]


def test_an_installed_profile_is_told(db, station, now):
    profiles.install(db, station, 1, profile(), now=now)

    assert db.events == [LimitChanged(at=now, station="CP1", evse=1)]


@pytest.mark.parametrize(
    ("second", "evse", "left"),
    [
        (profile(2), 1, [2]),
        (profile(2, level=1), 1, [1, 2]),
        (profile(2), 2, [1, 2]),
        (profile(2, purpose="TxProfile"), 1, [1, 2]),
        (profile(1, level=5), 2, [1]),
    ],
)
def test_same_id_or_same_place_purpose_and_level_replaces(db, station, now, second, evse, left):  # noqa: PLR0917 - pytest gives them by name
    profiles.install(db, station, 1, profile(), now=now)

    profiles.install(db, station, evse, second, now=now)

    assert sorted(ids(db, station)) == left


def test_the_end_of_a_transaction_takes_its_profiles_with_it(db, station, now):
    profiles.install(db, station, 1, profile(1), now=now)
    profiles.install(db, station, 1, profile(2, purpose="TxProfile"), now=now, transaction=7)
    profiles.install(db, station, 1, profile(3, purpose="TxProfile", level=1), now=now)
    profiles.install(db, station, 1, profile(4, purpose="TxProfile", level=2), now=now, transaction=8)
    profiles.install(db, station, 2, profile(5, purpose="TxProfile"), now=now)
    db.events.clear()

    profiles.transaction_ended(db, station, transaction_pk=7, evse=1, now=now)

    assert ids(db, station) == [1, 4, 5]
    assert db.events == [LimitChanged(at=now, station="CP1", evse=1)]


def test_the_end_of_a_transaction_without_profiles_tells_nothing(db, station, now):
    profiles.transaction_ended(db, station, transaction_pk=7, evse=1, now=now)

    assert db.events == []


def test_what_is_believed_installed_is_read_back_in_our_words(db, station, now):
    said = profile(
        charging_profile_kind=v16.ChargingProfileKindType.RECURRING,
        recurrency_kind=v16.RecurrencyKindType.WEEKLY,
        valid_from=now,
        valid_to=now + timedelta(days=1),
        transaction_id=7,
    )
    profiles.install(db, station, 1, said, now=now)

    assert profiles.believed(db, station) == [
        Profile(
            profile_id=1,
            purpose=Purpose.TX_DEFAULT,
            kind=Kind.RECURRING,
            stack_level=0,
            unit="W",
            periods=(Period(start_s=0, limit=2000), Period(start_s=600, limit=1000, phases=1)),
            evse=1,
            duration_s=3600,
            recurs_s=profiles.WEEK_S,
            valid_from=now,
            valid_to=now + timedelta(days=1),
            transaction="7",
            installed_at=now,
        )
    ]


def test_a_recurring_profile_that_names_no_recurrence_is_daily():
    said = profile(charging_profile_kind=v16.ChargingProfileKindType.RECURRING)

    assert profiles.to_profile(said, evse=1).recurs_s == profiles.DAY_S


def test_the_newest_open_transaction_runs(db, station):
    for number, ended in ((1, None), (2, None), (3, 5)):
        db._connection.execute(
            "INSERT INTO transactions (station, ocpp_id, evse, connector, started_at, ended_at, start_key,"
            " received_at) VALUES (?, ?, 1, 1, ?, ?, 'k', 1)",
            (station, str(number), number, ended),
        )

    found = profiles.running(db, station, 1)

    assert found is not None
    assert found.ocpp_id == "2"
    assert profiles.running(db, station, 2) is None
