"""Configuration keys: reading, writing, and the key of the connection."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ostler.dialects.base import Caller, CallFailed
from ostler.dialects.v16.asking import ask, failed, outcome, quirks_of
from ostler.dialects.v16.standard_keys import STANDARD_KEYS
from ostler.domain.commands import (
    CommandResult,
    ParameterChange,
    ParameterResult,
    ReadParameters,
    SetKey,
    WriteParameters,
)
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import parameters, stations
from ostler.services.masking import is_secret
from ostler.services.parameters import Parameter, Reading

AUTHORIZATION_KEY = "AuthorizationKey"
KEYS_AT_ONCE = 10
"""Keys in one GetConfiguration where the station did not tell GetConfigurationMaxKeys."""
DEAD = frozenset({Result.OFFLINE, Result.TIMED_OUT})
"""After these it makes no sense to ask for the next key."""
STATUS = v16.ConfigurationStatus


class _Harvest:
    """What several GetConfiguration gave; `problem` is why not everything was asked."""

    def __init__(self) -> None:
        self.readings: list[Reading] = []
        self.unknown: list[str] = []
        self.problem: CallFailed | None = None

    async def ask(self, station: Caller, keys: list[str] | None = None) -> None:
        """Ask for `keys` (None: all) and store what comes: the next question may never be answered."""
        answer = await ask(station, v16.GetConfigurationRequest(key=keys))
        readings = [Reading(row.key, row.value, row.readonly) for row in answer.configuration_key or ()]
        unknown = list(answer.unknown_key or ())
        self.readings += readings
        self.unknown += unknown
        await station.store.write(parameters.store, station.pk, readings, unknown, station.now())


async def read_parameters(station: Caller, command: ReadParameters) -> CommandResult:
    """GetConfiguration in as few messages as the station bears, and store what it told."""
    harvest = _Harvest()
    one_by_one = command.gently or (await quirks_of(station)).gentle_reading
    known = await station.store.read(parameters.listed, station.pk)
    keys = list(dict.fromkeys(command.keys))
    if not keys and not one_by_one:
        await _ask_all(station, harvest)
        if harvest.problem is not None or not harvest.readings:
            # Some models refuse to list everything, or list nothing, and still answer when asked by name.
            one_by_one = harvest.problem is not None
            keys = _worth_asking(known)
    elif not keys:
        keys = _worth_asking(known)
    if keys and (harvest.problem is None or harvest.problem.outcome not in DEAD):
        harvest.problem = None
        await _ask_named(station, harvest, keys, size=1 if one_by_one else _batch(known))
    return _read(harvest, command.keys)


async def write_parameters(station: Caller, command: WriteParameters) -> CommandResult:
    """ChangeConfiguration for each row, read back; `data` holds a row per change."""
    rows: list[ParameterResult] = []
    problem: CallFailed | None = None
    for change in command.changes:
        if problem is not None:
            rows.append(
                ParameterResult(
                    key=change.key, result=problem.outcome.value, detail=f"Not sent: {problem.detail}"
                )
            )
            continue
        try:
            rows.append(await _write(station, change))
        except CallFailed as error:
            rows.append(ParameterResult(key=change.key, result=error.outcome.value, detail=error.detail))
            if error.outcome in DEAD:
                problem = error
    return _written(rows)


async def set_key(station: Caller, command: SetKey) -> CommandResult:
    """ChangeConfiguration of AuthorizationKey; only when the station takes it does the new key replace the
    old.
    """
    key = _as_hex(command.key)
    if key is None:
        return failed("A key is 16 to 20 characters, or 32 to 40 hexadecimal digits.")
    request = v16.ChangeConfigurationRequest(key=AUTHORIZATION_KEY, value=key)
    answer = await ask(station, request)
    await keep_key(station, request, answer)
    return outcome(
        answer.status,
        {
            "Accepted": "The station took the key and shows it at its next connection.",
            "RebootRequired": "The station took the key and will use it after a restart: reset it now.",
            "Rejected": "The station refused the key; the old one stays valid. Set it on the station itself.",
            "NotSupported": "The station cannot be given a key over OCPP; the old one stays valid. "
            "Set it on the station itself.",
        },
    )


async def keep_key(
    station: Caller, request: v16.ChangeConfigurationRequest, answer: v16.ChangeConfigurationResponse
) -> None:
    """Once a station has taken an AuthorizationKey, it is the one that it will show."""
    if request.key.casefold() != AUTHORIZATION_KEY.casefold():
        return
    if answer.status in {STATUS.ACCEPTED, STATUS.REBOOT_REQUIRED}:
        await station.store.write(
            stations.set_key, station.pk, request.value, confirmed=False, now=station.now()
        )


async def _ask_all(station: Caller, harvest: _Harvest) -> None:
    try:
        await harvest.ask(station)
    except CallFailed as error:
        harvest.problem = error


async def _ask_named(station: Caller, harvest: _Harvest, keys: Sequence[str], *, size: int) -> None:
    """Ask for `keys`, `size` at once; a batch that the station refuses is asked key by key."""
    for start in range(0, len(keys), size):
        batch = list(keys[start : start + size])
        try:
            await harvest.ask(station, batch)
        except CallFailed as error:
            if error.outcome in {*DEAD, Result.NOT_SUPPORTED}:
                harvest.problem = error
                return
            if size > 1:
                await _ask_named(station, harvest, batch, size=1)
            else:
                harvest.problem = error


async def _write(station: Caller, change: ParameterChange) -> ParameterResult:
    if change.key.casefold() == AUTHORIZATION_KEY.casefold():
        detail = "Give the station its key with the command set-key, so that both sides change it."
        return ParameterResult(key=change.key, result=Result.REJECTED.value, detail=detail)
    known = await station.store.read(parameters.find, station.pk, change.key)
    key = known.key if known else change.key
    value = parameters.spelled_like(known.value if known else None, change.value)
    status = (await ask(station, v16.ChangeConfigurationRequest(key=key, value=value))).status
    match status:
        case STATUS.ACCEPTED:
            return await _read_back(station, key, value)
        case STATUS.REBOOT_REQUIRED:
            await station.store.write(parameters.await_reboot, station.pk, key, station.now())
            detail = "The station will use the new value after a restart."
            return ParameterResult(key=key, result="reboot-required", detail=detail)
        case STATUS.NOT_SUPPORTED:
            await station.store.write(parameters.store, station.pk, [], [key], station.now())
            detail = "The station does not know this key."
            return ParameterResult(key=key, result=Result.NOT_SUPPORTED.value, detail=detail)
        case _:
            readonly = known is not None and known.readonly
            why = (
                "it cannot be changed" if readonly else "see whether the value is one that this key can have"
            )
            return ParameterResult(
                key=key,
                result=Result.REJECTED.value,
                detail=f"The station answered {status.value}: {why}.",
                value=known.value if known else None,
            )


async def _read_back(station: Caller, key: str, value: str) -> ParameterResult:
    """Some models accept and change nothing."""
    accepted = ParameterResult(key=key, result=Result.ACCEPTED.value, detail="The station took the value.")
    if is_secret(key):
        return accepted
    try:
        answer = await ask(station, v16.GetConfigurationRequest(key=[key]))
    except CallFailed:
        # It was accepted; that it cannot be read back takes nothing from this.
        return accepted
    rows = [row for row in answer.configuration_key or () if row.key.casefold() == key.casefold()]
    if not rows:
        return accepted
    row = rows[0]
    await station.store.write(
        parameters.store, station.pk, [Reading(row.key, row.value, row.readonly)], [], station.now()
    )
    if (row.value or "").strip().casefold() == value.strip().casefold():
        return ParameterResult(key=row.key, result=accepted.result, detail=accepted.detail, value=row.value)
    detail = f'The station accepted "{value}" but still says "{row.value or ""}".'
    return ParameterResult(key=row.key, result="unchanged", detail=detail, value=row.value)


def _worth_asking(known: Sequence[Parameter]) -> list[str]:
    """The keys that the station has shown, then the standard ones; not those that it said it does not
    know.
    """
    seen = {row.key.casefold() for row in known}
    return [row.key for row in known if row.known] + [
        key for key in STANDARD_KEYS if key.casefold() not in seen
    ]


def _batch(known: Sequence[Parameter]) -> int:
    told = next((row.value for row in known if row.key.casefold() == "getconfigurationmaxkeys"), None) or ""
    return max(int(told), 1) if told.strip().isdecimal() and len(told) < 6 else KEYS_AT_ONCE


def _read(harvest: _Harvest, asked: Sequence[str]) -> CommandResult:
    rows = [
        {"key": row.key, "value": parameters.shown(row.key, row.value), "readonly": row.readonly}
        for row in harvest.readings
    ]
    data = {"parameters": rows, "unknown": harvest.unknown}
    told = {key.casefold() for key in (*(row.key for row in harvest.readings), *harvest.unknown)}
    silent = [key for key in asked if key.casefold() not in told]
    if harvest.problem is not None:
        detail = f"{len(rows)} parameters were read, then: {harvest.problem.detail}"
        return CommandResult(result=harvest.problem.outcome, detail=detail, data=data)
    detail = f"{len(rows)} parameters were read."
    if harvest.unknown and asked:
        detail += f" The station does not know {', '.join(harvest.unknown)}."
    if silent:
        detail += f" It said nothing of {', '.join(silent)}."
    return CommandResult(result=Result.ACCEPTED, detail=detail, data=data)


def _written(rows: list[ParameterResult]) -> CommandResult:
    good = [row for row in rows if row.result in {"accepted", "reboot-required"}]
    kinds = {row.result for row in rows}
    result = Result.ACCEPTED if len(good) == len(rows) else Result.REJECTED
    if len(kinds) == 1 and not good and kinds <= set(Result):
        result = Result(next(iter(kinds)))
    detail = f"{len(good)} of {len(rows)} parameters were changed."
    if any(row.result == "reboot-required" for row in rows):
        detail += " Reset the station, so that it uses all of them."
    return CommandResult(result=result, detail=detail, data=rows)


def _as_hex(key: str) -> str | None:
    """The key as AuthorizationKey holds it: 16 to 20 bytes in hexadecimal digits (OCPP-J 1.6 §6.2.2,
    whitepaper).
    """
    if re.fullmatch(r"(?:[0-9a-fA-F]{2}){16,20}", key):
        return key
    raw = key.encode()
    return raw.hex() if 16 <= len(raw) <= 20 else None
