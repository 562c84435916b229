"""The charging profiles that a station holds, and the current that they allow."""

from __future__ import annotations

from datetime import datetime

from ostler.domain import schedules
from ostler.ocpp import v16
from ostler.sim.memory import InstalledProfile
from ostler.sim.station import Connector, Station

_SECONDS = {v16.RecurrencyKindType.DAILY: 86_400, v16.RecurrencyKindType.WEEKLY: 7 * 86_400}


def running(station: Station, number: int) -> schedules.Running | None:
    transaction = station.transaction(number)
    if transaction is None:
        return None
    return schedules.Running(transaction=_name(station, transaction.name), started_at=transaction.started_at)


def held(station: Station) -> list[schedules.Profile]:
    """The installed profiles in the words of the composite schedule."""
    return [_profile(each) for each in station.memory.profiles]


def allowed_a(station: Station, connector: Connector, now: datetime) -> float:
    """The amperes that may be offered on each phase now."""
    limit = schedules.limit_at(
        held(station), evse=connector.number, at=now, running=running(station, connector.number), unit="A"
    )
    return station.model.max_a if limit is None else min(limit.amperes(), station.model.max_a)


def composite(
    station: Station, number: int, now: datetime, duration_s: int, unit: v16.ChargingRateUnitType
) -> v16.ChargingSchedule:
    """What GetCompositeSchedule answers; where nothing bounds the current the station's own limit does."""
    word: schedules.Unit = "W" if unit is v16.ChargingRateUnitType.W else "A"
    spans = schedules.composite(
        held(station),
        evse=number,
        start=now,
        duration_s=duration_s,
        running=running(station, number),
        unit=word,
    )
    whole = station.model.connectors if number == 0 else 1
    largest = station.model.max_a * whole
    if word == "W":
        largest *= schedules.VOLTAGE_V * station.model.phases
    return v16.ChargingSchedule(
        duration=duration_s,
        start_schedule=now,
        charging_rate_unit=unit,
        charging_schedule_period=[
            v16.ChargingSchedulePeriod(
                start_period=span.start_s,
                limit=round(largest if span.limit is None else min(span.limit.within(word), largest), 1),
                number_phases=span.limit.phases if span.limit else station.model.phases,
            )
            for span in spans
        ],
    )


def _name(station: Station, name: str) -> str:
    """A profile names a transaction by the central system's id, once there is one."""
    number = station.memory.numbers.get(name)
    return name if number is None else str(number)


def _profile(installed: InstalledProfile) -> schedules.Profile:
    profile = installed.profile
    schedule = profile.charging_schedule
    return schedules.Profile(
        profile_id=profile.charging_profile_id,
        purpose=schedules.Purpose(profile.charging_profile_purpose.value),
        kind=schedules.Kind(profile.charging_profile_kind.value),
        stack_level=profile.stack_level,
        unit="W" if schedule.charging_rate_unit is v16.ChargingRateUnitType.W else "A",
        periods=tuple(
            schedules.Period(start_s=period.start_period, limit=period.limit, phases=period.number_phases)
            for period in schedule.charging_schedule_period
        ),
        evse=installed.connector,
        duration_s=schedule.duration,
        start_at=schedule.start_schedule,
        recurs_s=_SECONDS.get(profile.recurrency_kind) if profile.recurrency_kind else None,
        valid_from=profile.valid_from,
        valid_to=profile.valid_to,
        transaction=None if profile.transaction_id is None else str(profile.transaction_id),
        installed_at=installed.installed_at,
    )
