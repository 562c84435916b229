"""Saying "at most so much" to a station: which forms of profile to try, and which limit is in force."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import bindparam, select

from ostler.domain.schedules import VOLTAGE_V, Kind, Purpose, Unit, limit_at
from ostler.services import parameters, profiles
from ostler.store.database import Db
from ostler.store.schema import connectors, profile_habits
from ostler.store.statements import Query, upsert

PROFILE_ID = 1000
"""Our limit of EVSE n is profile 1000 + n: the next one of the same EVSE replaces it, whatever its form."""
TRIES = 12
"""Forms that are tried at most: a slow station takes seconds for each."""


class Form(NamedTuple):
    """One way to say a limit: `target` is the EVSE that the profile is installed on."""

    target: int
    purpose: str
    kind: str
    stack_level: int
    unit: str


class Abilities(NamedTuple):
    """What is known of the model: the highest stack level, the only kind that it takes, the whole station's
    limit.
    """

    highest_stack_level: int | None = None
    kind: str = ""
    station_profile: bool = True


ANY_MODEL = Abilities()


class LimitInForce(msgspec.Struct, frozen=True, kw_only=True):
    """What bounds an EVSE now, as we believe; all None and empty where nothing does.

    Amperes a phase, watts of all phases; `source` is the purpose of the profile that decides.
    """

    current_a: float | None = None
    power_w: float | None = None
    source: str = ""
    profile_id: int | None = None


class _Measures(NamedTuple):
    evse: int
    measures: Any


HABIT = Query(
    select(*(profile_habits.c[name] for name in Form._fields)).where(
        profile_habits.c.station == bindparam("station"), profile_habits.c.evse == bindparam("evse")
    ),
    Form,
)
KEEP_HABIT = upsert(profile_habits, ("station", "evse"), Form._fields)
CONNECTORS = Query(
    select(connectors.c.evse, connectors.c.measures).where(
        connectors.c.station == bindparam("station"), connectors.c.evse > 0
    ),
    _Measures,
)


def in_force(db: Db, station_pk: int, connector: int, now: datetime) -> LimitInForce:
    """The limit of a connector (0: the whole station) at `now` by the profiles that we believe are
    installed.
    """
    running = profiles.as_running(profiles.running(db, station_pk, connector))
    limit = limit_at(profiles.believed(db, station_pk), evse=connector, at=now, running=running)
    if limit is None:
        return LimitInForce()
    return LimitInForce(
        current_a=round(limit.amperes(), 1),
        power_w=round(limit.watts()),
        source=limit.purpose.value,
        profile_id=limit.profile_id,
    )


def forms(db: Db, station_pk: int, evse: int, unit: Unit, model: Abilities = ANY_MODEL) -> list[Form]:
    """The ways to limit `evse` that are worth trying, what worked the last time first.

    `unit` is that of the order; the other one is tried where the station does not exclude it.
    """
    known = [row.evse for row in db.all(CONNECTORS, station=station_pk)]
    targets = [
        target
        for target in _targets(evse, known)
        if model.station_profile or target[1] is not Purpose.STATION_MAX
    ]
    ranked = _ranked(
        targets=targets or [(0, Purpose.TX_DEFAULT)],
        units=_units(parameters.value(db, station_pk, "ChargingScheduleAllowedChargingRateUnit"), unit),
        stack_levels=_stack_levels(
            parameters.whole_number(db, station_pk, "ChargeProfileMaxStackLevel"), model.highest_stack_level
        ),
        kinds=[Kind(model.kind)] if model.kind else [Kind.ABSOLUTE, Kind.RELATIVE],
    )
    habit = db.one(HABIT, station=station_pk, evse=evse)
    if habit is None:
        return ranked[:TRIES]
    return [habit, *(form for form in ranked if form != habit)][:TRIES]


def remember(db: Db, station_pk: int, evse: int, form: Form) -> None:
    """Keep the form that the station took."""
    db.run(KEEP_HABIT, station=station_pk, evse=evse, **form._asdict())


def phases_of(db: Db, station_pk: int, evse: int) -> int:
    """1 where the meter of the EVSE (0: of all) only ever told of L1, else 3."""
    rows = [row for row in db.all(CONNECTORS, station=station_pk) if evse in {0, row.evse}]
    return 1 if rows and all(_single_phase(row.measures or {}) for row in rows) else 3


def said_in(unit: str, *, current_a: float | None, power_w: float | None, phases: int) -> float:
    """An order's limit in `unit`, cut so that it never becomes more: to 0.1 A, to whole watts."""
    if unit == "A":
        amperes = current_a if current_a is not None else (power_w or 0.0) / (VOLTAGE_V * phases)
        # The little that is added undoes what binary fractions take away: 16.1 must not become 16.0.
        return math.floor(amperes * 10 + 1e-6) / 10
    watts = power_w if power_w is not None else (current_a or 0.0) * VOLTAGE_V * phases
    return float(math.floor(watts + 1e-6))


def _ranked(
    *, targets: list[tuple[int, Purpose]], units: list[Unit], stack_levels: list[int], kinds: list[Kind]
) -> list[Form]:
    """First the usual form, then those that differ in one thing, then in two...: purpose, unit, level,
    kind.
    """
    found = []
    ranks = product(range(len(targets)), range(len(units)), range(len(stack_levels)), range(len(kinds)))
    for rank in sorted(ranks, key=lambda rank: (sum(map(bool, rank)), [not step for step in rank], rank)):
        target, unit, level, kind = rank
        evse, purpose = targets[target]
        if purpose is Purpose.STATION_MAX:
            if kind:
                continue
            # No transaction that it could be relative to, whatever the model says of kinds.
            found.append(Form(evse, purpose.value, Kind.ABSOLUTE.value, stack_levels[level], units[unit]))
        else:
            found.append(Form(evse, purpose.value, kinds[kind].value, stack_levels[level], units[unit]))
    return found


def _targets(evse: int, known: list[int]) -> list[tuple[int, Purpose]]:
    """Where and as what a limit of `evse` can be installed; with one connector the station is its
    connector.
    """
    if evse:
        station = [(0, Purpose.STATION_MAX)] if known == [evse] else []
        return [(evse, Purpose.TX_DEFAULT), *station]
    connector = [(known[0], Purpose.TX_DEFAULT)] if len(known) == 1 else []
    return [(0, Purpose.STATION_MAX), (0, Purpose.TX_DEFAULT), *connector]


def _units(allowed: str | None, wanted: Unit) -> list[Unit]:
    words = {word.strip().casefold() for word in (allowed or "").replace(";", ",").split(",")}
    other: Unit = "W" if wanted == "A" else "A"
    takes = {"A": bool(words & {"current", "a"}), "W": bool(words & {"power", "w"})}
    if not any(takes.values()):
        return [wanted, other]
    return [unit for unit in (wanted, other) if takes[unit]]


def _stack_levels(said: int | None, known: int | None) -> list[int]:
    """The highest, so that our limit is above what others left behind; then 0, all that some models know."""
    highest = min((level for level in (said, known) if level is not None), default=0)
    return [highest, 0] if said is not None and highest > 0 else [0]


def _single_phase(measures: Mapping[str, Any]) -> bool:
    """Keys are `Measurand.Phase`, e.g. `Voltage.L1` or `Current.Import.L2-N`."""
    phases = {
        key.rpartition(".")[2][:2] for key in measures if key.startswith(("Voltage.L", "Current.Import.L"))
    }
    return phases == {"L1"}
