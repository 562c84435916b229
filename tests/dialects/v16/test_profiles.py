from __future__ import annotations

import pytest

from ostler.domain import commands
from ostler.domain.events import LimitChanged
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import limits, parameters
from ostler.services.parameters import Reading

STATUS = v16.ChargingProfileStatus
TAKEN = v16.SetChargingProfileResponse(status=STATUS.ACCEPTED)
REFUSED = v16.SetChargingProfileResponse(status=STATUS.REJECTED)
CLEARED = v16.ClearChargingProfileResponse(status=v16.ClearChargingProfileStatus.ACCEPTED)
UNKNOWN = v16.ClearChargingProfileResponse(status=v16.ClearChargingProfileStatus.UNKNOWN)
ROWS = "SELECT profile_id, evse, purpose, stack_level FROM charging_profiles ORDER BY profile_id"
DEFAULT = {
    "chargingProfileId": 5,
    "stackLevel": 1,
    "chargingProfilePurpose": "TxDefaultProfile",
    "chargingProfileKind": "Absolute",
    "chargingSchedule": {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 10.0}],
    },
}


async def knows(played, **values):
    rows = [Reading(key, value, False) for key, value in values.items()]
    await played.write(parameters.store, played.pk, rows, [], played.now())


async def has_connectors(played, *evses, measures=None):
    for evse in evses:
        await played.sql(
            "INSERT INTO connectors (station, evse, connector, measures) VALUES (?, ?, 1, ?)",
            played.pk,
            evse,
            measures,
        )


async def runs(played, *, evse=1, ocpp_id="4711"):
    rows = await played.sql(
        "INSERT INTO transactions (station, ocpp_id, evse, connector, started_at, start_key, received_at)"
        " VALUES (?, ?, ?, 1, 1, 'k', 1) RETURNING pk",
        played.pk,
        ocpp_id,
        evse,
    )
    return rows[0][0]


def forms(played):
    """What was tried: connector, purpose, kind, stack level, unit, limit."""
    return [
        (
            sent["connectorId"],
            sent["csChargingProfiles"]["chargingProfilePurpose"],
            sent["csChargingProfiles"]["chargingProfileKind"],
            sent["csChargingProfiles"]["stackLevel"],
            sent["csChargingProfiles"]["chargingSchedule"]["chargingRateUnit"],
            sent["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"],
        )
        for action, sent in played.sent
        if action == "SetChargingProfile"
    ]


async def test_a_limit_of_a_connector_is_a_default_profile_there(played):
    played.will(TAKEN)

    result = await played.order(commands.SetLimit(connector=1, current_a=16.14))

    assert result.result is Result.ACCEPTED
    assert forms(played) == [(1, "TxDefaultProfile", "Absolute", 0, "A", 16.1)]
    assert await played.sql(ROWS) == [(1001, 1, "TxDefaultProfile", 0)]


async def test_a_limit_begins_a_minute_ago_for_stations_with_a_late_clock(played):
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=16))

    schedule = played.payloads[0]["csChargingProfiles"]["chargingSchedule"]
    assert schedule["startSchedule"] == "2026-06-01T11:59:00Z"


async def test_a_limit_of_the_station_is_its_maximum_on_connector_0(played):
    played.will(TAKEN)

    await played.order(commands.SetLimit(power_w=11000))

    assert forms(played) == [(0, "ChargePointMaxProfile", "Absolute", 0, "W", 11000.0)]


async def test_a_limit_uses_the_highest_stack_level_of_the_station(played):
    await knows(played, ChargeProfileMaxStackLevel="8")
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=16))

    assert forms(played)[0][3] == 8


@pytest.mark.parametrize("allowed", ["Power", "W", " power "])
async def test_amperes_become_watts_where_only_watts_are_allowed(played, allowed):
    await knows(played, ChargingScheduleAllowedChargingRateUnit=allowed)
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=16))

    assert forms(played) == [(1, "TxDefaultProfile", "Absolute", 0, "W", 11040.0)]


async def test_watts_become_amperes_of_three_phases_where_only_amperes_are_allowed(played):
    await knows(played, ChargingScheduleAllowedChargingRateUnit="Current")
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, power_w=11000))

    assert forms(played)[0][4:] == ("A", 15.9)


async def test_a_meter_that_only_tells_of_l1_makes_it_one_phase(played):
    await knows(played, ChargingScheduleAllowedChargingRateUnit="Power")
    await has_connectors(played, 1, measures='{"Voltage.L1":[230,1],"Current.Import.L1":[6,1]}')
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=16))

    assert forms(played)[0][5] == 3680.0


async def test_the_phases_of_an_order_overrule_the_meter(played):
    await knows(played, ChargingScheduleAllowedChargingRateUnit="Power")
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=10, phases=1))

    assert forms(played)[0][5] == 2300.0


async def test_a_refused_limit_is_tried_in_other_forms_in_a_fixed_order(played):
    await knows(played, ChargeProfileMaxStackLevel="3")
    played.will(REFUSED)

    result = await played.order(commands.SetLimit(connector=2, current_a=16))

    assert result.result is Result.REJECTED
    assert forms(played) == [
        (2, "TxDefaultProfile", "Absolute", 3, "A", 16.0),
        (2, "TxDefaultProfile", "Absolute", 3, "W", 11040.0),
        (2, "TxDefaultProfile", "Absolute", 0, "A", 16.0),
        (2, "TxDefaultProfile", "Relative", 3, "A", 16.0),
        (2, "TxDefaultProfile", "Absolute", 0, "W", 11040.0),
        (2, "TxDefaultProfile", "Relative", 3, "W", 11040.0),
        (2, "TxDefaultProfile", "Relative", 0, "A", 16.0),
        (2, "TxDefaultProfile", "Relative", 0, "W", 11040.0),
    ]


async def test_a_relative_profile_names_no_start(played):
    played.will(REFUSED)

    await played.order(commands.SetLimit(connector=2, current_a=16))

    relative = [
        sent["csChargingProfiles"]
        for sent in played.payloads
        if sent["csChargingProfiles"]["chargingProfileKind"] == "Relative"
    ]
    assert relative
    assert all("startSchedule" not in profile["chargingSchedule"] for profile in relative)


async def test_a_station_that_refuses_its_maximum_is_limited_by_a_default_profile(played):
    played.will(REFUSED, TAKEN)

    result = await played.order(commands.SetLimit(current_a=16))

    assert result.result is Result.ACCEPTED
    assert [form[:2] for form in forms(played)] == [(0, "ChargePointMaxProfile"), (0, "TxDefaultProfile")]


async def test_the_only_connector_stands_for_a_station_that_takes_nothing_on_connector_0(played):
    await has_connectors(played, 1)
    played.will(REFUSED, REFUSED, TAKEN)

    await played.order(commands.SetLimit(current_a=16))

    assert forms(played)[-1][:2] == (1, "TxDefaultProfile")
    assert await played.sql(ROWS) == [(1000, 1, "TxDefaultProfile", 0)]


async def test_what_worked_is_tried_first_the_next_time(played):
    played.will(REFUSED, TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.sent.clear()
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=10))

    assert forms(played) == [(1, "TxDefaultProfile", "Absolute", 0, "W", 6900.0)]


async def test_before_other_forms_are_tried_our_old_profile_goes(played):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.sent.clear()
    played.will(REFUSED, CLEARED, TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=10))

    assert played.actions == ["SetChargingProfile", "ClearChargingProfile", "SetChargingProfile"]
    assert played.payloads[1] == {"id": 1001}


async def test_a_station_that_cannot_clear_is_still_tried(played, not_known):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.will(REFUSED, not_known, TAKEN)

    assert (await played.order(commands.SetLimit(connector=1, current_a=10))).result is Result.ACCEPTED


async def test_a_model_that_refuses_a_second_profile_gets_the_first_one_cleared(played):
    await played.sql("UPDATE stations SET vendor = 'ABB', model = 'Terra AC W22'")
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.sent.clear()
    played.will(CLEARED, TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=10))

    assert played.actions == ["ClearChargingProfile", "SetChargingProfile"]


async def test_an_unanswered_limit_is_not_tried_in_other_forms(played, timed_out):
    played.will(timed_out)

    assert (await played.order(commands.SetLimit(connector=1, current_a=16))).result is Result.TIMED_OUT
    assert len(played.sent) == 1


async def test_a_station_without_profiles_says_not_supported(played, not_known):
    played.will(not_known)

    assert (await played.order(commands.SetLimit(connector=1, current_a=16))).result is Result.NOT_SUPPORTED


@pytest.mark.parametrize(
    "order",
    [
        commands.SetLimit(connector=1, current_a=-1),
        commands.SetLimit(connector=1, current_a=float("nan")),
        commands.SetLimit(connector=1, current_a=1, power_w=230),
    ],
)
async def test_a_limit_that_makes_no_sense_is_not_sent(played, order):
    assert (await played.order(order)).result is Result.ERROR
    assert played.sent == []


async def test_a_limit_of_zero_is_sent(played):
    played.will(TAKEN)

    await played.order(commands.SetLimit(connector=1, current_a=0))

    assert forms(played)[0][5] == 0.0


async def test_without_a_value_our_limit_is_removed(played):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.sent.clear()
    played.will(CLEARED)

    result = await played.order(commands.SetLimit(connector=1))

    assert (result.result, result.detail) == (Result.ACCEPTED, "Our limit is removed.")
    assert played.sent == [("ClearChargingProfile", {"id": 1001})]
    assert await played.sql(ROWS) == []


async def test_a_station_that_does_not_know_the_id_is_asked_by_purpose_and_level(played):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.sent.clear()
    played.will(UNKNOWN, CLEARED)

    await played.order(commands.SetLimit(connector=1))

    assert played.payloads[1] == {
        "connectorId": 1,
        "chargingProfilePurpose": "TxDefaultProfile",
        "stackLevel": 0,
    }


async def test_removing_a_limit_that_nobody_knows_is_no_fault(played):
    played.will(UNKNOWN)

    assert (await played.order(commands.SetLimit(connector=1))).result is Result.ACCEPTED


async def test_an_accepted_limit_is_in_force_and_told(played):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))

    limit = await played.read(limits.in_force, played.pk, 1, played.now())

    assert (limit.current_a, limit.power_w, limit.source) == (16.0, 11040, "TxDefaultProfile")
    assert played.events == [LimitChanged(at=played.now(), station="CP1", evse=1)]


async def test_a_profile_is_installed_as_it_was_written(played):
    played.will(TAKEN)

    result = await played.order(commands.SetChargingProfile(profile=DEFAULT, connector=1))

    assert result.result is Result.ACCEPTED
    assert played.payloads == [{"connectorId": 1, "csChargingProfiles": DEFAULT}]
    assert await played.sql(ROWS) == [(5, 1, "TxDefaultProfile", 1)]


async def test_a_refused_profile_is_not_noted(played):
    played.will(REFUSED)

    assert (await played.order(commands.SetChargingProfile(profile=DEFAULT))).result is Result.REJECTED
    assert await played.sql(ROWS) == []


async def test_a_profile_replaces_that_of_the_same_purpose_and_level(played):
    played.will(TAKEN)
    await played.order(commands.SetChargingProfile(profile=DEFAULT, connector=1))

    await played.order(commands.SetChargingProfile(profile=DEFAULT | {"chargingProfileId": 6}, connector=1))

    assert await played.sql(ROWS) == [(6, 1, "TxDefaultProfile", 1)]


async def test_a_profile_replaces_that_of_the_same_id_wherever_it_is(played):
    played.will(TAKEN)
    await played.order(commands.SetChargingProfile(profile=DEFAULT, connector=1))

    await played.order(commands.SetChargingProfile(profile=DEFAULT | {"stackLevel": 2}, connector=2))

    assert await played.sql(ROWS) == [(5, 2, "TxDefaultProfile", 2)]


async def test_a_station_maximum_goes_to_connector_0_only(played):
    profile = DEFAULT | {"chargingProfilePurpose": "ChargePointMaxProfile"}

    result = await played.order(commands.SetChargingProfile(profile=profile, connector=1))

    assert result.result is Result.ERROR
    assert played.sent == []


async def test_a_transactions_profile_gets_the_id_that_the_station_knows(played):
    pk = await runs(played)
    played.will(TAKEN)
    profile = DEFAULT | {"chargingProfilePurpose": "TxProfile"}

    await played.order(commands.SetChargingProfile(profile=profile, connector=1))

    assert played.payloads[0]["csChargingProfiles"]["transactionId"] == 4711
    assert await played.sql('SELECT "transaction" FROM charging_profiles') == [(pk,)]


@pytest.mark.parametrize(("connector", "text"), [(0, "name it"), (2, "No transaction runs")])
async def test_a_transactions_profile_needs_a_running_transaction(played, connector, text):
    await runs(played)
    profile = DEFAULT | {"chargingProfilePurpose": "TxProfile"}

    result = await played.order(commands.SetChargingProfile(profile=profile, connector=connector))

    assert result.result is Result.ERROR
    assert text in result.detail


async def test_a_transactions_profile_for_another_transaction_is_not_sent(played):
    await runs(played)
    profile = DEFAULT | {"chargingProfilePurpose": "TxProfile", "transactionId": 1}

    result = await played.order(commands.SetChargingProfile(profile=profile, connector=1))

    assert result.result is Result.ERROR
    assert "4711" in result.detail


async def install_three(played):
    played.will(TAKEN)
    for profile_id, level, connector in ((1, 0, 0), (2, 1, 0), (3, 1, 1)):
        profile = DEFAULT | {"chargingProfileId": profile_id, "stackLevel": level}
        await played.order(commands.SetChargingProfile(profile=profile, connector=connector))
    played.sent.clear()


@pytest.mark.parametrize(
    ("order", "payload", "left"),
    [
        (commands.ClearChargingProfile(), {}, []),
        (commands.ClearChargingProfile(profile_id=2), {"id": 2}, [1, 3]),
        (commands.ClearChargingProfile(stack_level=1), {"stackLevel": 1}, [1]),
        (commands.ClearChargingProfile(connector=0), {"connectorId": 0}, [3]),
        (
            commands.ClearChargingProfile(connector=0, stack_level=1, purpose="TxDefaultProfile"),
            {"connectorId": 0, "chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 1},
            [1, 3],
        ),
        (
            commands.ClearChargingProfile(purpose="TxProfile"),
            {"chargingProfilePurpose": "TxProfile"},
            [1, 2, 3],
        ),
    ],
)
async def test_clearing_combines_its_fields_by_and(played, order, payload, left):
    await install_three(played)
    played.will(CLEARED)

    assert (await played.order(order)).result is Result.ACCEPTED
    assert played.payloads == [payload]
    assert [row[0] for row in await played.sql(ROWS)] == left


async def test_profiles_that_the_station_does_not_know_are_forgotten(played):
    await install_three(played)
    played.will(UNKNOWN)

    assert (await played.order(commands.ClearChargingProfile())).result is Result.REJECTED
    assert await played.sql(ROWS) == []


async def test_after_an_answer_outside_the_words_nothing_is_forgotten(played):
    await install_three(played)
    played.will(v16.ClearChargingProfileResponse(status=v16.ClearChargingProfileStatus.of("Later")))

    assert (await played.order(commands.ClearChargingProfile())).result is Result.REJECTED
    assert len(await played.sql(ROWS)) == 3


async def test_an_old_profile_that_stays_does_not_keep_other_forms_from_being_tried(played):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.will(REFUSED, UNKNOWN, TAKEN)

    assert (await played.order(commands.SetLimit(connector=1, current_a=10))).result is Result.ACCEPTED


async def test_a_station_that_falls_silent_while_room_is_made_is_left_alone(played, timed_out):
    played.will(TAKEN)
    await played.order(commands.SetLimit(connector=1, current_a=16))
    played.will(REFUSED, timed_out)

    assert (await played.order(commands.SetLimit(connector=1, current_a=10))).result is Result.TIMED_OUT


async def test_an_unknown_purpose_is_not_sent(played):
    assert (await played.order(commands.ClearChargingProfile(purpose="Max"))).result is Result.ERROR
    assert played.sent == []


async def test_a_composite_schedule_comes_in_the_stations_words(played):
    schedule = v16.ChargingSchedule(
        charging_rate_unit=v16.ChargingRateUnitType.A,
        charging_schedule_period=[v16.ChargingSchedulePeriod(start_period=0, limit=10.0)],
    )
    played.will(
        v16.GetCompositeScheduleResponse(
            status=v16.GetCompositeScheduleStatus.ACCEPTED, connector_id=1, charging_schedule=schedule
        )
    )

    result = await played.order(commands.GetCompositeSchedule(connector=1, duration_s=60, unit="A"))

    assert played.payloads == [{"connectorId": 1, "duration": 60, "chargingRateUnit": "A"}]
    assert result.detail == "The station says that 10 A are in force now."
    assert result.data["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 10.0}]


async def test_a_composite_schedule_may_be_empty(played):
    played.will(v16.GetCompositeScheduleResponse(status=v16.GetCompositeScheduleStatus.ACCEPTED))

    assert (await played.order(commands.GetCompositeSchedule())).detail == "Nothing limits it."


async def test_a_refused_composite_schedule_suggests_to_leave_out_the_unit(played):
    played.will(v16.GetCompositeScheduleResponse(status=v16.GetCompositeScheduleStatus.REJECTED))

    result = await played.order(commands.GetCompositeSchedule(unit="W"))

    assert result.result is Result.REJECTED
    assert "without a unit" in result.detail
