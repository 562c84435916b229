"""Which charging limit is in force: profiles of any OCPP version, stacked into one composite schedule.

Rules of OCPP 1.6 §3.13 with its errata: within a purpose the higher stack level wins; a transaction's own
profile overrules the default one; the lowest over the purposes counts; where no profile says anything there
is no limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

import msgspec

VOLTAGE_V = 230.0
"""Nominal voltage between a phase and neutral."""
PHASES = 3
"""Phases where a period names none (OCPP 1.6 errata 3.68)."""


class Purpose(StrEnum):
    """What a profile bounds, in the words of OCPP 1.6 in every version."""

    STATION_MAX = "ChargePointMaxProfile"
    TX_DEFAULT = "TxDefaultProfile"
    TX = "TxProfile"


class Kind(StrEnum):
    """What the seconds of a profile's periods are counted from."""

    ABSOLUTE = "Absolute"
    RECURRING = "Recurring"
    RELATIVE = "Relative"


Unit = Literal["A", "W"]
"""Amperes a phase, or watts of all phases together."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A limit from `start_s` seconds after the schedule's start until the next period."""

    start_s: int
    limit: float
    phases: int | None = None


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """One installed charging profile. `evse` 0 is the whole station; `periods` are in the order of `start_s`.

    `recurs_s` is the length of a recurrence (a day, a week). `transaction` names the only transaction that a
    `TX` profile is for; None: whichever runs. `installed_at` is where an absolute schedule of the whole
    station starts that names no start.
    """

    profile_id: int
    purpose: Purpose
    kind: Kind
    stack_level: int
    unit: Unit
    periods: tuple[Period, ...]
    evse: int = 0
    duration_s: int | None = None
    start_at: datetime | None = None
    recurs_s: int | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    transaction: str | None = None
    installed_at: datetime | None = None


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The transaction that runs on the EVSE in question."""

    transaction: str
    started_at: datetime


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit in the unit of its profile, and which profile it is from."""

    value: float
    unit: Unit
    phases: int
    purpose: Purpose
    profile_id: int

    def amperes(self) -> float:
        """The limit in amperes a phase."""
        return self.value if self.unit == "A" else self.value / (VOLTAGE_V * self.phases)

    def watts(self) -> float:
        """The limit in watts of all phases together."""
        return self.value if self.unit == "W" else self.value * VOLTAGE_V * self.phases

    def within(self, unit: Unit) -> float:
        """The limit in `unit`."""
        return self.amperes() if unit == "A" else self.watts()


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a composite schedule; `limit` None: nothing bounds it."""

    start_s: int
    limit: Limit | None


def limit_at(
    profiles: Iterable[Profile], *, evse: int, at: datetime, running: Running | None = None, unit: Unit = "A"
) -> Limit | None:
    """The limit of `evse` at `at`; None: nothing bounds it. Limits of several purposes are compared in
    `unit`.

    For EVSE 0, the grid connection, only the station's own maximum counts. Without a transaction the default
    profile is taken as if one began at `at`.
    """
    return _Question(tuple(profiles), evse, running, at, unit).limit(at)


def composite(
    profiles: Iterable[Profile],
    *,
    evse: int,
    start: datetime,
    duration_s: int,
    running: Running | None = None,
    unit: Unit = "A",
) -> list[Span]:
    """The limits of `evse` from `start` for `duration_s` seconds, the first span at 0; neighbours differ."""
    question = _Question(tuple(profiles), evse, running, start, unit)
    spans: list[Span] = []
    for moment in question.changes(start, start + timedelta(seconds=duration_s)):
        limit = question.limit(moment)
        if not spans or spans[-1].limit != limit:
            spans.append(Span(start_s=round((moment - start).total_seconds()), limit=limit))
    return spans


class _Question:
    """The profiles that can matter to one EVSE; `begin` stands for the start of a transaction that does not
    run yet.
    """

    def __init__(
        self, profiles: Sequence[Profile], evse: int, running: Running | None, begin: datetime, unit: Unit
    ) -> None:
        self._begin = running.started_at if running else begin
        self._unit = unit
        by_purpose = {
            Purpose.STATION_MAX: [each for each in profiles if each.purpose is Purpose.STATION_MAX],
            Purpose.TX_DEFAULT: _defaults(profiles, evse) if evse else [],
            Purpose.TX: _own(profiles, evse, running) if evse and running else [],
        }
        self._ranked = {
            purpose: sorted(each, key=lambda profile: -profile.stack_level)
            for purpose, each in by_purpose.items()
        }

    def limit(self, at: datetime) -> Limit | None:
        station = self._highest(Purpose.STATION_MAX, at)
        session = self._highest(Purpose.TX, at) or self._highest(Purpose.TX_DEFAULT, at)
        return min(
            (each for each in (station, session) if each),
            key=lambda limit: limit.within(self._unit),
            default=None,
        )

    def changes(self, start: datetime, end: datetime) -> list[datetime]:
        """The moments from `start` until before `end` at which the limit may change."""
        found = {start}
        for profiles in self._ranked.values():
            for profile in profiles:
                found.update(_edges(profile, self._origin(profile), start, end))
        return sorted(moment for moment in found if start <= moment < end)

    def _highest(self, purpose: Purpose, at: datetime) -> Limit | None:
        for profile in self._ranked[purpose]:
            period = _period(profile, self._origin(profile), at)
            if period is not None:
                return Limit(
                    value=period.limit,
                    unit=profile.unit,
                    phases=period.phases or PHASES,
                    purpose=purpose,
                    profile_id=profile.profile_id,
                )
        return None

    def _origin(self, profile: Profile) -> datetime:
        """What the profile's seconds are counted from; an absolute one without a start begins with the
        charging.
        """
        if profile.kind is not Kind.RELATIVE and profile.start_at is not None:
            return profile.start_at
        if profile.purpose is Purpose.STATION_MAX and profile.installed_at is not None:
            return profile.installed_at
        return self._begin


def _defaults(profiles: Sequence[Profile], evse: int) -> list[Profile]:
    """Default profiles of an EVSE: its own replaces the station's of the same stack level, here only
    (§3.13.1).
    """
    defaults = [each for each in profiles if each.purpose is Purpose.TX_DEFAULT]
    own = [each for each in defaults if each.evse == evse]
    replaced = {each.stack_level for each in own}
    return own + [each for each in defaults if each.evse == 0 and each.stack_level not in replaced]


def _own(profiles: Sequence[Profile], evse: int, running: Running) -> list[Profile]:
    return [
        each
        for each in profiles
        if each.purpose is Purpose.TX
        and each.evse == evse
        and each.transaction in {None, running.transaction}
    ]


def _valid(profile: Profile, at: datetime) -> bool:
    return (profile.valid_from is None or profile.valid_from <= at) and (
        profile.valid_to is None or at < profile.valid_to
    )


def _period(profile: Profile, origin: datetime, at: datetime) -> Period | None:
    """The period of `profile` at `at`; None: it says nothing then, so that a lower stack level does."""
    if not _valid(profile, at):
        return None
    elapsed_s = (at - origin).total_seconds()
    if elapsed_s < 0:
        return None
    if profile.recurs_s:
        # What is longer than the recurrence is not executed, what is shorter leaves a gap (errata 3.43, 3.44,
        # 3.78).
        elapsed_s %= profile.recurs_s
    if profile.duration_s is not None and elapsed_s >= profile.duration_s:
        return None
    begun = [period for period in profile.periods if period.start_s <= elapsed_s]
    return begun[-1] if begun else None


def _edges(profile: Profile, origin: datetime, start: datetime, end: datetime) -> set[datetime]:
    offsets = {0, *(period.start_s for period in profile.periods)}
    if profile.duration_s is not None:
        offsets.add(profile.duration_s)
    rounds = [0]
    if profile.recurs_s:
        offsets = {offset for offset in offsets if 0 <= offset < profile.recurs_s}
        first = int((start - origin).total_seconds() // profile.recurs_s)
        last = int((end - origin).total_seconds() // profile.recurs_s)
        rounds = [turn * profile.recurs_s for turn in range(max(first, 0), max(last, 0) + 1)]
    span_s = (end - origin).total_seconds()
    found = {
        origin + timedelta(seconds=turn + offset)
        for turn in rounds
        for offset in offsets
        if turn + offset <= span_s
    }
    return found | {moment for moment in (profile.valid_from, profile.valid_to) if moment is not None}
