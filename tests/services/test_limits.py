from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.ocpp import v16
from ostler.services import limits, parameters, profiles
from ostler.services.limits import Abilities, Form, LimitInForce
from ostler.services.parameters import Reading


def knows(db, station, now, **values):
    parameters.store(db, station, [Reading(key, value, False) for key, value in values.items()], [], now)


def connector(db, station, evse, measures=None):
    db._connection.execute(
        "INSERT INTO connectors (station, evse, connector, measures) VALUES (?, ?, 1, ?)",
        (station, evse, measures),
    )


def transaction(db, station, started_at, *, ocpp_id="7"):
    db._connection.execute(
        "INSERT INTO transactions (station, ocpp_id, evse, connector, started_at, start_key, received_at)"
        " VALUES (?, ?, 1, 1, ?, 'k', 1)",
        (station, ocpp_id, started_at.timestamp() * 1000),
    )


def profile(limit, *, purpose="TxDefaultProfile", level=0, number=1, unit="A", **values):
    return v16.ChargingProfile(
        charging_profile_id=number,
        stack_level=level,
        charging_profile_purpose=v16.ChargingProfilePurposeType(purpose),
        charging_profile_kind=v16.ChargingProfileKindType.RELATIVE,
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnitType(unit),
            charging_schedule_period=[v16.ChargingSchedulePeriod(start_period=0, limit=limit)],
        ),
        **values,
    )


def test_nothing_is_in_force_where_nothing_is_installed(db, station, now):
    assert limits.in_force(db, station, 1, now) == LimitInForce()


def test_the_lowest_of_station_and_connector_is_in_force(db, station, now):
    profiles.install(db, station, 1, profile(16), now=now)
    profiles.install(db, station, 0, profile(10, purpose="ChargePointMaxProfile", number=2), now=now)

    limit = limits.in_force(db, station, 1, now)

    assert (limit.current_a, limit.power_w, limit.source) == (10, 6900, "ChargePointMaxProfile")


def test_the_running_transactions_own_profile_is_in_force(db, station, now):
    transaction(db, station, now - timedelta(minutes=5))
    profiles.install(db, station, 1, profile(16), now=now)
    own = profile(4140, purpose="TxProfile", number=2, unit="W", transaction_id=7)
    profiles.install(db, station, 1, own, now=now)

    limit = limits.in_force(db, station, 1, now)

    assert (limit.current_a, limit.power_w, limit.profile_id) == (6, 4140, 2)


def test_the_usual_form_comes_first(db, station):
    assert limits.forms(db, station, 1, "A")[0] == Form(1, "TxDefaultProfile", "Absolute", 0, "A")


def test_a_unit_that_the_station_excludes_is_not_tried(db, station, now):
    knows(db, station, now, chargingScheduleAllowedChargingRateUnit="Power")

    assert {form.unit for form in limits.forms(db, station, 1, "A")} == {"W"}


@pytest.mark.parametrize("allowed", ["Current,Power", "A;W", "", "nonsense"])
def test_the_unit_of_the_order_comes_first(db, station, now, allowed):
    knows(db, station, now, ChargingScheduleAllowedChargingRateUnit=allowed)

    assert [form.unit for form in limits.forms(db, station, 1, "W")][:2] == ["W", "A"]


@pytest.mark.parametrize("told", ["-1", "abc", "", "0", "99999999999"])
def test_a_highest_stack_level_that_makes_no_sense_is_level_0(db, station, now, told):
    knows(db, station, now, ChargeProfileMaxStackLevel=told)

    assert {form.stack_level for form in limits.forms(db, station, 1, "A")} == {0}


def test_the_model_knows_a_lower_stack_level_than_the_station_says(db, station, now):
    knows(db, station, now, ChargeProfileMaxStackLevel="8")

    forms = limits.forms(db, station, 1, "A", Abilities(highest_stack_level=2))

    assert {form.stack_level for form in forms} == {2, 0}


def test_a_model_that_takes_one_kind_only_is_offered_no_other(db, station):
    forms = limits.forms(db, station, 1, "A", Abilities(kind="Relative"))

    assert {form.kind for form in forms} == {"Relative"}


def test_the_stations_maximum_is_always_absolute(db, station):
    forms = limits.forms(db, station, 0, "A", Abilities(kind="Relative"))

    assert forms[0] == Form(0, "ChargePointMaxProfile", "Absolute", 0, "A")


def test_a_model_without_a_station_maximum_gets_a_default_profile(db, station):
    forms = limits.forms(db, station, 0, "A", Abilities(station_profile=False))

    assert {(form.target, form.purpose) for form in forms} == {(0, "TxDefaultProfile")}


def test_the_limit_of_an_only_connector_may_be_the_stations(db, station):
    connector(db, station, 1)

    assert Form(0, "ChargePointMaxProfile", "Absolute", 0, "A") in limits.forms(db, station, 1, "A")


def test_with_two_connectors_a_limit_never_bounds_the_other(db, station):
    connector(db, station, 1)
    connector(db, station, 2)

    assert {form.target for form in limits.forms(db, station, 1, "A")} == {1}


def test_what_worked_comes_first_and_only_once(db, station):
    worked = Form(1, "TxDefaultProfile", "Relative", 0, "W")
    limits.remember(db, station, 1, worked)

    forms = limits.forms(db, station, 1, "A")

    assert (forms[0], forms.count(worked)) == (worked, 1)


def test_never_more_than_twelve_forms_are_tried(db, station, now):
    knows(db, station, now, ChargeProfileMaxStackLevel="8")
    connector(db, station, 1)

    assert len(limits.forms(db, station, 0, "A")) == limits.TRIES


@pytest.mark.parametrize(
    ("measures", "phases"),
    [
        (None, 3),
        ("{}", 3),
        ('{"Voltage.L1":[230,1]}', 1),
        ('{"Voltage.L1-N":[230,1],"Current.Import.L1":[6,1]}', 1),
        ('{"Voltage.L1-N":[230,1],"Voltage.L2-N":[230,1]}', 3),
        ('{"Power.Active.Import":[1400,1]}', 3),
    ],
)
def test_phases_are_counted_from_what_the_meter_tells(db, station, measures, phases):
    connector(db, station, 1, measures)

    assert limits.phases_of(db, station, 1) == phases


def test_a_station_is_of_one_phase_only_if_all_its_connectors_are(db, station):
    connector(db, station, 1, '{"Voltage.L1":[230,1]}')
    connector(db, station, 2, '{"Voltage.L1":[230,1],"Voltage.L2":[230,1]}')

    assert [limits.phases_of(db, station, evse) for evse in (0, 1, 2)] == [3, 1, 3]


@pytest.mark.parametrize(
    ("unit", "current_a", "power_w", "phases", "said"),
    [
        ("A", 16.19, None, 3, 16.1),
        ("A", 16.1, None, 3, 16.1),
        ("A", None, 11000, 3, 15.9),
        ("A", None, 3680, 1, 16.0),
        ("W", None, 4140.9, 3, 4140.0),
        ("W", 6.0, None, 3, 4140.0),
        ("W", 6.0, None, 1, 1380.0),
        ("A", 0.0, None, 3, 0.0),
    ],
)
def test_a_limit_is_converted_and_never_becomes_more(unit, current_a, power_w, phases, said):
    assert limits.said_in(unit, current_a=current_a, power_w=power_w, phases=phases) == said
