from __future__ import annotations

from datetime import UTC, datetime

from ostler.ocpp import v16
from ostler.services import profiles

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


async def test_profiles_and_limits_of_a_station_are_shown(viewer, store, station):
    profile = v16.ChargingProfile(
        charging_profile_id=4,
        stack_level=0,
        charging_profile_purpose=v16.ChargingProfilePurposeType.TX_DEFAULT_PROFILE,
        charging_profile_kind=v16.ChargingProfileKindType.RELATIVE,
        charging_schedule=v16.ChargingSchedule(
            charging_rate_unit=v16.ChargingRateUnitType.A,
            charging_schedule_period=[v16.ChargingSchedulePeriod(start_period=0, limit=16.0)],
        ),
    )
    await store.write(profiles.install, station, 1, profile, now=NOW)

    shown = (await viewer.get("/api/v1/stations/CP1/charging-profiles")).json()

    [item] = shown["items"]
    assert (item["profile_id"], item["evse"], item["purpose"]) == (4, 1, "TxDefaultProfile")
    assert item["profile"]["chargingSchedule"]["chargingSchedulePeriod"] == [
        {"startPeriod": 0, "limit": 16.0}
    ]
    assert [limit["evse"] for limit in shown["limits"]] == [0, 1]
    assert shown["limits"][0]["current_a"] is None
