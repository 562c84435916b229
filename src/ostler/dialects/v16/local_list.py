"""The local authorization list of a station."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from ostler.dialects.base import Caller, CallFailed
from ostler.dialects.v16.asking import ask, failed
from ostler.domain.commands import CommandResult, GetLocalListVersion, SendLocalList
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import local_list, parameters
from ostler.services.local_list import Changes, Entry
from ostler.store.database import Db

LONGEST_ID_TAG = 20
UNSUPPORTED = -1
EMPTY = 0
ACCEPTED = v16.UpdateStatus.ACCEPTED


class Plan(NamedTuple):
    """What to send: `kept` version from us, `entries` that fit OCPP 1.6, how many do not, and the station's
    limits.
    """

    kept: int | None
    entries: list[Entry]
    too_long: int
    delta: Changes
    per_message: int | None
    at_most: int | None


class Part(NamedTuple):
    """One SendLocalList: `full` replaces the list, else it is changed."""

    full: bool
    delta: Changes


async def get_local_list_version(station: Caller, _command: GetLocalListVersion) -> CommandResult:
    """GetLocalListVersion; in `data`."""
    number = (await ask(station, v16.GetLocalListVersionRequest())).list_version
    if number == UNSUPPORTED:
        return CommandResult(result=Result.NOT_SUPPORTED, detail="The station keeps no local list.")
    detail = "The station's list is empty." if number == EMPTY else f"The station has version {number}."
    return CommandResult(result=Result.ACCEPTED, detail=detail, data={"version": number})


async def send_local_list(station: Caller, command: SendLocalList) -> CommandResult:
    """SendLocalList in as many parts as the station needs; only the changes where the rest is known to be
    there.
    """
    version = await _version(station)
    if version == UNSUPPORTED:
        return CommandResult(result=Result.NOT_SUPPORTED, detail="The station keeps no local list.")
    plan = await station.store.read(_plan, station.pk, station.now())
    if plan.at_most is not None and len(plan.entries) > plan.at_most:
        return failed(
            f"The station's list holds {plan.at_most} tokens (LocalAuthListMaxLength), but "
            f"{len(plan.entries)} "
            "may charge there: let it authorise a smaller group."
        )
    known = plan.kept is not None and version in {None, plan.kept} and plan.kept > EMPTY
    newest = max(version or EMPTY, plan.kept or EMPTY)
    if not command.full and known:
        if not plan.delta.upserts and not plan.delta.removals:
            return CommandResult(
                result=Result.ACCEPTED,
                detail="The station's list is up to date.",
                data={"version": plan.kept},
            )
        status, reached = await _send(station, _parts(plan.delta, plan.per_message, full=False), newest)
        if status is not v16.UpdateStatus.VERSION_MISMATCH:
            return _told(status, reached, plan)
        newest = reached
    everything = Changes(plan.entries, [])
    return _told(*await _send(station, _parts(everything, plan.per_message, full=True), newest), plan)


async def _version(station: Caller) -> int | None:
    """The station's own word on its version; None where it cannot say."""
    try:
        return (await ask(station, v16.GetLocalListVersionRequest())).list_version
    except CallFailed as error:
        if error.outcome is not Result.NOT_SUPPORTED:
            raise
        return None


async def _send(station: Caller, parts: Iterator[Part], newest: int) -> tuple[v16.UpdateStatus, int]:
    """Send `parts`, each with a higher version than the last; gives the last status and the last version
    tried.
    """
    status, number = ACCEPTED, newest
    for part in parts:
        number += 1
        rows = [_row(entry) for entry in part.delta.upserts]
        rows += [v16.AuthorizationData(id_tag=id_token) for id_token in part.delta.removals]
        request = v16.SendLocalListRequest(
            list_version=number,
            local_authorization_list=rows or None,
            update_type=v16.UpdateType.FULL if part.full else v16.UpdateType.DIFFERENTIAL,
        )
        status = (await ask(station, request)).status
        if status is not ACCEPTED:
            break
        await station.store.write(local_list.sent, station.pk, number, part.delta, full=part.full)
    return status, number


def _parts(delta: Changes, per_message: int | None, *, full: bool) -> Iterator[Part]:
    """The first part of a full list replaces what was there, even with nothing; the others add to it."""
    size = per_message or max(len(delta.upserts) + len(delta.removals), 1)
    for start in range(0, max(len(delta.upserts), 1 if full else 0), size):
        yield Part(full and start == 0, Changes(delta.upserts[start : start + size], []))
    for start in range(0, len(delta.removals), size):
        yield Part(False, Changes([], delta.removals[start : start + size]))


def _row(entry: Entry) -> v16.AuthorizationData:
    return v16.AuthorizationData(
        id_tag=entry.id_token,
        id_tag_info=v16.IdTagInfo(
            expiry_date=None if entry.expires_at is None else entry.expires_at.replace(microsecond=0),
            parent_id_tag=entry.parent or None,
            status=v16.AuthorizationStatus(entry.status),
        ),
    )


def _told(status: v16.UpdateStatus, number: int, plan: Plan) -> CommandResult:
    left_out = f" {plan.too_long} are too long for OCPP 1.6 and were left out." if plan.too_long else ""
    if status is ACCEPTED:
        detail = f"The station's list has version {number} with {len(plan.entries)} tokens.{left_out}"
        return CommandResult(result=Result.ACCEPTED, detail=detail, data={"version": number})
    if status is v16.UpdateStatus.NOT_SUPPORTED:
        return CommandResult(result=Result.NOT_SUPPORTED, detail="The station keeps no local list.")
    return CommandResult(
        result=Result.REJECTED,
        detail=f"The station did not take version {number} of its list ({status.value}): see whether "
        "LocalAuthListEnabled is true, then send the full list again.",
    )


def _plan(db: Db, station_pk: int, now: datetime) -> Plan:
    entries = local_list.wanted(db, station_pk, now)
    fitting = [entry for entry in entries if len(entry.id_token) <= LONGEST_ID_TAG >= len(entry.parent)]
    return Plan(
        kept=local_list.version(db, station_pk),
        entries=fitting,
        too_long=len(entries) - len(fitting),
        delta=local_list.changes(db, station_pk, fitting),
        per_message=parameters.whole_number(db, station_pk, "SendLocalListMaxLength"),
        at_most=parameters.whole_number(db, station_pk, "LocalAuthListMaxLength"),
    )
