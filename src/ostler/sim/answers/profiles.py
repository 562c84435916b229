"""Charging profiles from the central system: kept, refused, removed, and what they come to."""

from __future__ import annotations

from datetime import datetime

from ostler.ocpp import v16
from ostler.ocpp.v16 import (
    ChargingProfile,
    ChargingProfilePurposeType,
    ChargingProfileStatus,
    ClearChargingProfileStatus,
    GetCompositeScheduleStatus,
)
from ostler.sim import charging, limits
from ostler.sim.memory import InstalledProfile
from ostler.sim.station import Station

_UNITS = {v16.ChargingRateUnitType.A: "Current", v16.ChargingRateUnitType.W: "Power"}


def set_charging_profile(
    station: Station, request: v16.SetChargingProfileRequest, now: datetime
) -> v16.SetChargingProfileResponse:
    """OCPP 1.6 §5.16: which purpose may stand where."""
    number, profile = request.connector_id, request.cs_charging_profiles
    if number not in {0, *station.connectors} or not (
        _placed(station, number, profile) and _sound(station, profile)
    ):
        return v16.SetChargingProfileResponse(status=ChargingProfileStatus.REJECTED)
    install(station, number, profile, now)
    _obey(station, now)
    return v16.SetChargingProfileResponse(status=ChargingProfileStatus.ACCEPTED)


def clear_charging_profile(
    station: Station, request: v16.ClearChargingProfileRequest, now: datetime
) -> v16.ClearChargingProfileResponse:
    """An id alone suffices; other fields are combined by AND; none means all (errata 3.25, 3.26)."""
    gone = [each for each in station.memory.profiles if _matches(each, request)]
    if not gone:
        return v16.ClearChargingProfileResponse(status=ClearChargingProfileStatus.UNKNOWN)
    station.memory.profiles[:] = [each for each in station.memory.profiles if each not in gone]
    _obey(station, now)
    return v16.ClearChargingProfileResponse(status=ClearChargingProfileStatus.ACCEPTED)


def get_composite_schedule(
    station: Station, request: v16.GetCompositeScheduleRequest, now: datetime
) -> v16.GetCompositeScheduleResponse:
    """OCPP 1.6 §5.7; connector 0 is the grid connection."""
    number = request.connector_id
    unit = request.charging_rate_unit or v16.ChargingRateUnitType.A
    if number not in {0, *station.connectors} or not _unit_allowed(station, unit) or request.duration < 0:
        return v16.GetCompositeScheduleResponse(status=GetCompositeScheduleStatus.REJECTED)
    return v16.GetCompositeScheduleResponse(
        status=GetCompositeScheduleStatus.ACCEPTED,
        connector_id=number,
        schedule_start=now,
        charging_schedule=limits.composite(station, number, now, request.duration, unit),
    )


def install(station: Station, number: int, profile: ChargingProfile, now: datetime) -> None:
    """Keep a profile in place of those with its id, or with its purpose and stack level here."""

    def replaced(each: InstalledProfile) -> bool:
        return each.profile.charging_profile_id == profile.charging_profile_id or (
            each.connector == number
            and each.profile.charging_profile_purpose is profile.charging_profile_purpose
            and each.profile.stack_level == profile.stack_level
        )

    station.memory.profiles[:] = [each for each in station.memory.profiles if not replaced(each)]
    station.memory.profiles.append(InstalledProfile(connector=number, installed_at=now, profile=profile))


def fits_remote_start(station: Station, profile: ChargingProfile) -> bool:
    """A RemoteStartTransaction may carry a TxProfile for the transaction to come (OCPP 1.6 §5.16.2)."""
    tx = profile.charging_profile_purpose is ChargingProfilePurposeType.TX_PROFILE
    return tx and profile.transaction_id is None and _sound(station, profile)


def _placed(station: Station, number: int, profile: ChargingProfile) -> bool:
    """OCPP 1.6 §3.13.1: which purpose may stand on which connector."""
    match profile.charging_profile_purpose:
        case ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE:
            return number == 0
        case ChargingProfilePurposeType.TX_DEFAULT_PROFILE:
            return True
        case ChargingProfilePurposeType.TX_PROFILE:
            transaction = station.transaction(number)
            if transaction is None:
                return False
            known = station.memory.numbers.get(transaction.name)
            return profile.transaction_id in {None, known}
        case _:  # a word that is not in the specification
            return False


def _sound(station: Station, profile: ChargingProfile) -> bool:
    """Whether the station can carry the profile out."""
    keys = station.configuration
    schedule = profile.charging_schedule
    starts = [period.start_period for period in schedule.charging_schedule_period]
    recurring = profile.charging_profile_kind is v16.ChargingProfileKindType.RECURRING
    rhythm = profile.recurrency_kind
    return (
        profile.charging_profile_kind.known
        and 0 <= profile.stack_level <= keys.number("ChargeProfileMaxStackLevel", profile.stack_level)
        and _unit_allowed(station, schedule.charging_rate_unit)
        and 0 < len(starts) <= keys.number("ChargingScheduleMaxPeriods", len(starts))
        and starts[0] == 0
        and starts == sorted(set(starts))
        and all(period.limit >= 0 for period in schedule.charging_schedule_period)
        and (rhythm is None or rhythm.known)
        and (not recurring or (rhythm is not None and schedule.start_schedule is not None))
        and len(station.memory.profiles) < keys.number("MaxChargingProfilesInstalled", 1_000)
    )


def _unit_allowed(station: Station, unit: v16.ChargingRateUnitType) -> bool:
    return _UNITS.get(unit) in station.configuration.words("ChargingScheduleAllowedChargingRateUnit")


def _matches(installed: InstalledProfile, request: v16.ClearChargingProfileRequest) -> bool:
    profile = installed.profile
    if request.id is not None:
        return profile.charging_profile_id == request.id
    return (
        request.connector_id in {None, installed.connector}
        and request.charging_profile_purpose in {None, profile.charging_profile_purpose}
        and request.stack_level in {None, profile.stack_level}
    )


def _obey(station: Station, now: datetime) -> None:
    for connector in station.connectors.values():
        charging.adjust(station, connector, now)
