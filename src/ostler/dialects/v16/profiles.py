"""Limits and charging profiles."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from ostler.dialects.base import Caller, CallFailed
from ostler.dialects.v16.asking import ask, failed, number, outcome, quirks_of, read
from ostler.domain.commands import (
    ClearChargingProfile,
    CommandResult,
    GetCompositeSchedule,
    SetChargingProfile,
    SetLimit,
)
from ostler.domain.schedules import Unit
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import limits, profiles
from ostler.services.limits import Abilities, Form
from ostler.services.profiles import Installed, Open
from ostler.store.database import Db

STATION_MAX = v16.ChargingProfilePurposeType.CHARGE_POINT_MAX_PROFILE
TX_PROFILE = v16.ChargingProfilePurposeType.TX_PROFILE
EARLIER = timedelta(minutes=1)
"""A schedule begins a little in the past: a station whose clock is late would not obey it yet."""


async def set_limit(station: Caller, command: SetLimit) -> CommandResult:
    """SetChargingProfile in the form that this station takes, found by trying; both None:
    ClearChargingProfile.
    """
    evse = number(command.connector, command.evse)
    wanted = command.current_a if command.current_a is not None else command.power_w
    if wanted is None:
        return await _clear_limit(station, evse)
    if command.current_a is not None and command.power_w is not None:
        return failed("Give the limit in amperes or in watts, not both.")
    if not 0 <= wanted < 1e7:
        return failed("A limit is a number from 0 up.")
    unit: Unit = "A" if command.current_a is not None else "W"
    quirks = await quirks_of(station)
    model = Abilities(quirks.highest_stack_level, quirks.profile_kind, quirks.station_profile)
    candidates, phases = await station.store.read(_plan, station.pk, evse, unit, model)
    if quirks.clear_profile_first:
        await _make_room(station, evse)
    return await _try(station, command, evse, candidates, command.phases or phases)


async def _try(
    station: Caller, command: SetLimit, evse: int, candidates: list[Form], phases: int
) -> CommandResult:
    """Offer the limit in each form until the station takes one, and keep which."""
    last: v16.ChargingProfileStatus | None = None
    for form in candidates:
        limit = limits.said_in(form.unit, current_a=command.current_a, power_w=command.power_w, phases=phases)
        profile = _limiting(evse, form, limit, station.now())
        request = v16.SetChargingProfileRequest(connector_id=form.target, cs_charging_profiles=profile)
        status = (await ask(station, request)).status
        if status is v16.ChargingProfileStatus.ACCEPTED:
            await station.store.write(_keep, station.pk, evse, form, profile, now=station.now())
            return CommandResult(result=Result.ACCEPTED, detail=_limited(evse, form, limit))
        if last is None:
            await _make_room(station, evse)
        last = status
    return outcome(
        last or v16.ChargingProfileStatus.REJECTED,
        {
            "Rejected": f"The station refused the limit in {len(candidates)} forms: see its own load "
            "management, and "
            "whether SupportedFeatureProfiles names SmartCharging.",
            "NotSupported": "The station says that it does not support charging profiles.",
        },
    )


async def set_charging_profile(station: Caller, command: SetChargingProfile) -> CommandResult:
    """SetChargingProfile as a person wrote it; a TxProfile gets the id of the running transaction."""
    connector = number(command.connector, command.evse)
    profile = read(command.profile, v16.ChargingProfile, what="charging profile")
    transaction: Open | None = None
    if profile.charging_profile_purpose is STATION_MAX and connector:
        return failed("A ChargePointMaxProfile goes to connector 0, the whole station.")
    if profile.charging_profile_purpose is TX_PROFILE:
        if not connector:
            return failed("A TxProfile goes to one connector: name it.")
        transaction = await station.store.read(profiles.running, station.pk, connector)
        if transaction is None:
            return failed(f"No transaction runs on connector {connector}: use a TxDefaultProfile.")
        profile = _for_transaction(profile, transaction)
        if str(profile.transaction_id) != transaction.ocpp_id:
            return failed(
                f"The transaction that runs on connector {connector} has the id {transaction.ocpp_id}."
            )
    request = v16.SetChargingProfileRequest(connector_id=connector, cs_charging_profiles=profile)
    answer = await ask(station, request)
    if answer.status is v16.ChargingProfileStatus.ACCEPTED:
        pk = transaction.pk if transaction else None
        await station.store.write(
            profiles.install, station.pk, connector, profile, now=station.now(), transaction=pk
        )
    return outcome(
        answer.status,
        {
            "Accepted": f"Profile {profile.charging_profile_id} is installed.",
            "Rejected": "The station refused the profile: another stack level, kind or unit may do.",
            "NotSupported": "The station says that it does not support charging profiles.",
        },
    )


async def clear_charging_profile(station: Caller, command: ClearChargingProfile) -> CommandResult:
    """ClearChargingProfile; what the station does not know is forgotten here too."""
    purpose = None
    if command.purpose is not None:
        purpose = next(
            (word for word in v16.ChargingProfilePurposeType if word.value == command.purpose), None
        )
        if purpose is None:
            known = ", ".join(word.value for word in v16.ChargingProfilePurposeType)
            return failed(f'There is no purpose "{command.purpose}". Known are: {known}.')
    connector = command.evse if command.evse is not None else command.connector
    request = v16.ClearChargingProfileRequest(
        id=command.profile_id,
        connector_id=connector,
        charging_profile_purpose=purpose,
        stack_level=command.stack_level,
    )
    answer = await ask(station, request)
    if answer.status in {v16.ClearChargingProfileStatus.ACCEPTED, v16.ClearChargingProfileStatus.UNKNOWN}:
        await station.store.write(_forget, station.pk, request, station.now())
    return outcome(
        answer.status,
        {
            "Accepted": "The station removed the profiles.",
            "Unknown": "The station has no such profile.",
        },
    )


async def get_composite_schedule(station: Caller, command: GetCompositeSchedule) -> CommandResult:
    """GetCompositeSchedule; the schedule is in `data`, in the station's words."""
    unit = None if command.unit is None else v16.ChargingRateUnitType(command.unit)
    request = v16.GetCompositeScheduleRequest(
        connector_id=number(command.connector, command.evse),
        duration=command.duration_s,
        charging_rate_unit=unit,
    )
    answer = await ask(station, request)
    if answer.status is not v16.GetCompositeScheduleStatus.ACCEPTED:
        hint = " Try without a unit." if unit is not None else ""
        return outcome(answer.status, {"Rejected": f"The station cannot tell its schedule.{hint}"})
    schedule = answer.charging_schedule
    if schedule is None or not schedule.charging_schedule_period:
        return CommandResult(
            result=Result.ACCEPTED, detail="Nothing limits it.", data=msgspec.to_builtins(answer)
        )
    first = schedule.charging_schedule_period[0].limit
    return CommandResult(
        result=Result.ACCEPTED,
        detail=f"The station says that {first:g} {schedule.charging_rate_unit.value} are in force now.",
        data=msgspec.to_builtins(answer),
    )


async def _clear_limit(station: Caller, evse: int) -> CommandResult:
    """By id; a station that says Unknown may still know the profile by its purpose and stack level."""
    row = await station.store.read(_ours, station.pk, evse)
    profile_id = limits.PROFILE_ID + evse
    status = (await ask(station, v16.ClearChargingProfileRequest(id=profile_id))).status
    if status is v16.ClearChargingProfileStatus.UNKNOWN and row is not None:
        request = v16.ClearChargingProfileRequest(
            connector_id=row.evse,
            charging_profile_purpose=v16.ChargingProfilePurposeType(row.purpose),
            stack_level=row.stack_level,
        )
        status = (await ask(station, request)).status
    if row is not None:
        await station.store.write(profiles.remove, station.pk, [row], station.now())
    if status is v16.ClearChargingProfileStatus.ACCEPTED:
        return CommandResult(result=Result.ACCEPTED, detail="Our limit is removed.")
    return CommandResult(
        result=Result.ACCEPTED, detail="The station knows of no limit of ours, so there is none to remove."
    )


async def _make_room(station: Caller, evse: int) -> None:
    """Some models refuse a second profile: before other forms are tried, the one that we installed goes."""
    row = await station.store.read(_ours, station.pk, evse)
    if row is None:
        return
    try:
        answer = await ask(station, v16.ClearChargingProfileRequest(id=row.profile_id))
    except CallFailed as error:
        if error.outcome is not Result.NOT_SUPPORTED:
            raise
        return
    if answer.status is v16.ClearChargingProfileStatus.ACCEPTED:
        await station.store.write(profiles.remove, station.pk, [row], station.now())


def _limiting(evse: int, form: Form, limit: float, now: datetime) -> v16.ChargingProfile:
    """One period without an end. No number of phases: some models ignore it, others refuse it."""
    kind = v16.ChargingProfileKindType(form.kind)
    absolute = kind is v16.ChargingProfileKindType.ABSOLUTE
    return v16.ChargingProfile(
        charging_profile_id=limits.PROFILE_ID + evse,
        stack_level=form.stack_level,
        charging_profile_purpose=v16.ChargingProfilePurposeType(form.purpose),
        charging_profile_kind=kind,
        charging_schedule=v16.ChargingSchedule(
            start_schedule=now.replace(microsecond=0) - EARLIER if absolute else None,
            charging_rate_unit=v16.ChargingRateUnitType(form.unit),
            charging_schedule_period=[v16.ChargingSchedulePeriod(start_period=0, limit=limit)],
        ),
    )


def _limited(evse: int, form: Form, limit: float) -> str:
    what = f"Connector {evse}" if evse else "The station"
    unit = "A a phase" if form.unit == "A" else "W in total"
    how = f"{form.purpose}, {form.kind}, stack level {form.stack_level}"
    return f"{what} is limited to {limit:g} {unit} ({how})."


def _for_transaction(profile: v16.ChargingProfile, transaction: Open) -> v16.ChargingProfile:
    """OCPP 1.6 §5.16: the central system shall give the transaction's id."""
    if profile.transaction_id is not None or not transaction.ocpp_id.isdecimal():
        return profile
    return msgspec.structs.replace(profile, transaction_id=int(transaction.ocpp_id))


def _plan(db: Db, station_pk: int, evse: int, unit: Unit, model: Abilities) -> tuple[list[Form], int]:
    return limits.forms(db, station_pk, evse, unit, model), limits.phases_of(db, station_pk, evse)


def _keep(
    db: Db, station_pk: int, evse: int, form: Form, profile: v16.ChargingProfile, *, now: datetime
) -> None:
    profiles.install(db, station_pk, form.target, profile, now=now)
    limits.remember(db, station_pk, evse, form)


def _ours(db: Db, station_pk: int, evse: int) -> Installed | None:
    rows = profiles.matching(profiles.installed(db, station_pk), profile_id=limits.PROFILE_ID + evse)
    return rows[0] if rows else None


def _forget(db: Db, station_pk: int, request: v16.ClearChargingProfileRequest, now: datetime) -> None:
    purpose = request.charging_profile_purpose
    rows = profiles.matching(
        profiles.installed(db, station_pk),
        profile_id=request.id,
        evse=request.connector_id,
        purpose=None if purpose is None else purpose.value,
        stack_level=request.stack_level,
    )
    profiles.remove(db, station_pk, rows, now)
