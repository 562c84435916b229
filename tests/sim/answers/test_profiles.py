from __future__ import annotations

from datetime import timedelta

import pytest
from harness.virtual import NOW, profile

from ostler.ocpp import v16
from ostler.ocpp.v16 import (
    ChargingProfileKindType,
    ChargingProfilePurposeType,
    ChargingProfileStatus,
    ChargingRateUnitType,
    ChargingSchedulePeriod,
    RecurrencyKindType,
)

STATION = ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE
DEFAULT = ChargingProfilePurposeType.TX_DEFAULT_PROFILE
TX = ChargingProfilePurposeType.TX_PROFILE


def install(csms, wanted, connector=1):
    request = v16.SetChargingProfileRequest(connector_id=connector, cs_charging_profiles=wanted)
    return csms.ask(request).status


def clear(csms, **fields):
    return csms.ask(v16.ClearChargingProfileRequest(**fields)).status.value


def composite(csms, connector=1, duration=3600, unit=None):
    request = v16.GetCompositeScheduleRequest(
        connector_id=connector, duration=duration, charging_rate_unit=unit
    )
    return csms.ask(request)


def offered_a(csms):
    return csms.connector().meter.read(csms.now).offered_a


def test_a_default_profile_bounds_the_running_transaction_too(charging_csms):
    assert install(charging_csms, profile(10)) == ChargingProfileStatus.ACCEPTED
    assert offered_a(charging_csms) == 10


def test_watts_are_divided_over_three_phases(charging_csms):
    install(charging_csms, profile(6900, unit=ChargingRateUnitType.W))

    assert offered_a(charging_csms) == pytest.approx(10)


def test_0_a_suspends_and_clearing_resumes(charging_csms):
    install(charging_csms, profile(0))
    assert clear(charging_csms, id=1) == "Accepted"

    assert charging_csms.statuses() == ["SuspendedEVSE", "Charging"]


def test_less_than_a_car_can_use_suspends_as_well(charging_csms):
    install(charging_csms, profile(5.9))

    assert charging_csms.statuses() == ["SuspendedEVSE"]


def test_the_higher_stack_level_wins_and_the_lowest_purpose_counts(charging_csms):
    install(charging_csms, profile(20, charging_profile_id=1, stack_level=1))
    install(charging_csms, profile(8, charging_profile_id=2, stack_level=0))
    assert offered_a(charging_csms) == 20

    install(charging_csms, profile(12, charging_profile_id=3, charging_profile_purpose=STATION), 0)

    assert offered_a(charging_csms) == 12


def test_a_tx_profile_overrules_the_default_and_ends_with_its_transaction(charging_csms):
    install(charging_csms, profile(8))
    install(
        charging_csms, profile(20, charging_profile_id=2, charging_profile_purpose=TX, transaction_id=101)
    )
    assert offered_a(charging_csms) == 20

    charging_csms.unplug().plug().card()

    assert offered_a(charging_csms) == 8


def test_periods_take_effect_when_their_time_comes(charging_csms):
    periods = [ChargingSchedulePeriod(start_period=start, limit=limit) for start, limit in ((0, 16), (60, 8))]
    install(charging_csms, profile(periods=periods))
    assert offered_a(charging_csms) == 16

    charging_csms.wait(61)

    assert offered_a(charging_csms) == 8


def test_a_profile_that_has_run_out_bounds_nothing(charging_csms):
    install(charging_csms, profile(8, duration=30))

    charging_csms.wait(31)

    assert offered_a(charging_csms) == 32


def test_the_same_purpose_and_stack_level_replaces(charging_csms):
    install(charging_csms, profile(8, charging_profile_id=1))
    install(charging_csms, profile(9, charging_profile_id=2))

    assert [each.profile.charging_profile_id for each in charging_csms.memory.profiles] == [2]


@pytest.mark.parametrize(
    ("wanted", "connector"),
    [
        (profile(8, charging_profile_purpose=STATION), 1),
        (profile(8, charging_profile_purpose=TX), 2),
        (profile(8, charging_profile_purpose=TX), 0),
        (profile(8, charging_profile_purpose=TX, transaction_id=9), 1),
        (profile(8), 3),
        (profile(8, stack_level=10), 1),
        (profile(8, stack_level=-1), 1),
        (profile(-1), 1),
        (profile(periods=[]), 1),
        (profile(periods=[ChargingSchedulePeriod(start_period=5, limit=8)]), 1),
        (profile(8, charging_profile_kind=ChargingProfileKindType.RECURRING), 1),
        (profile(8, charging_profile_purpose=ChargingProfilePurposeType.of("Other")), 1),
        (profile(8, charging_profile_kind=ChargingProfileKindType.of("Other")), 1),
        (profile(8, unit=ChargingRateUnitType.of("VA")), 1),
    ],
)
def test_what_the_station_cannot_carry_out_is_rejected(charging_csms, wanted, connector):
    assert install(charging_csms, wanted, connector) == ChargingProfileStatus.REJECTED
    assert charging_csms.memory.profiles == []


def test_a_daily_profile_comes_back_every_day(charging_csms):
    daily = profile(
        8,
        duration=60,
        start=NOW - timedelta(days=3),
        charging_profile_kind=ChargingProfileKindType.RECURRING,
        recurrency_kind=RecurrencyKindType.DAILY,
    )

    assert install(charging_csms, daily) == ChargingProfileStatus.ACCEPTED
    assert offered_a(charging_csms) == 8


def test_clearing_combines_its_fields_by_and(csms):
    install(csms, profile(8, charging_profile_id=1, stack_level=1))
    install(csms, profile(8, charging_profile_id=2, stack_level=2))

    assert clear(csms, stack_level=1, connector_id=2) == "Unknown"
    assert clear(csms, stack_level=1, connector_id=1, charging_profile_purpose=DEFAULT) == "Accepted"
    assert [each.profile.charging_profile_id for each in csms.memory.profiles] == [2]


def test_clearing_without_fields_removes_all(csms):
    install(csms, profile(8, charging_profile_id=1, stack_level=1))
    install(csms, profile(8, charging_profile_id=2), 0)

    assert clear(csms) == "Accepted"
    assert csms.memory.profiles == []


def test_the_composite_schedule_tells_what_comes(charging_csms):
    install(charging_csms, profile(16, start=charging_csms.now, duration=600))
    asked_at = charging_csms.now

    answer = composite(charging_csms)

    spans = [(each.start_period, each.limit) for each in answer.charging_schedule.charging_schedule_period]
    assert spans == [(0, 16), (600, 32)]
    assert answer.schedule_start == asked_at


def test_the_composite_schedule_in_watts(csms):
    answer = composite(csms, unit=ChargingRateUnitType.W)

    assert answer.charging_schedule.charging_schedule_period[0].limit == 22_080


def test_the_composite_schedule_of_connector_0_is_that_of_the_grid_connection(csms):
    assert composite(csms, 0).charging_schedule.charging_schedule_period[0].limit == 64


@pytest.mark.parametrize(
    "fields", [{"connector": 9}, {"duration": -1}, {"unit": ChargingRateUnitType.of("VA")}]
)
def test_a_composite_schedule_that_cannot_be_told_is_rejected(csms, fields):
    assert composite(csms, **fields).status.value == "Rejected"


def test_profiles_outlive_a_restart(csms, make):
    install(csms, profile(8))

    revived = make(csms.memory).connect().plug().card()

    assert offered_a(revived) == 8
