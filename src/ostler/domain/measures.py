"""Meter samples in one set of units: Wh, W, A, V, Celsius, Percent, Hz, varh, var, VA.

A sample is kept with the measurand, phase and location that it really means. What cannot be read as a number
(signed data, empty texts) is kept as text and never counted.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

import msgspec

REGISTER = "Energy.Active.Import.Register"
INTERVAL = "Energy.Active.Import.Interval"
POWER = "Power.Active.Import"
CURRENT = "Current.Import"
VOLTAGE = "Voltage"
INLET = "@Inlet"

LINES = ("L1", "L2", "L3")
PHASES = (*LINES, "N", "L1-N", "L2-N", "L3-N", "L1-L2", "L2-L3", "L3-L1")


class MeterHabits(msgspec.Struct, frozen=True, kw_only=True):
    """What one model means by its samples.

    `measurands` renames measurands, `contexts` gives samples of a context another measurand, `untrusted`
    names values (`measurand` or `measurand.phase`) that are kept but never shown or counted.
    `session_register`: the register restarts at zero with each transaction, so that its fall is no fault.
    """

    measurands: tuple[tuple[str, str], ...] = ()
    contexts: tuple[tuple[str, str], ...] = ()
    untrusted: tuple[str, ...] = ()
    session_register: bool = False


PLAIN = MeterHabits()


class Sample(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One value; a text where it is no number. Empty `location` is the outlet, empty `context` periodic."""

    measurand: str
    value: float | str
    unit: str
    phase: str = ""
    location: str = ""
    context: str = ""


class Reading(msgspec.Struct, frozen=True):
    """All samples of one moment, on the station's clock."""

    at: datetime
    samples: list[Sample]


Words = tuple[str | None, str | None, str | None, str | None, str | None]
"""What a station says beside a value: measurand, unit, phase, location, context."""


class Form(NamedTuple):
    """What the words beside a value mean, and how the value becomes ours."""

    measurand: str
    unit: str
    phase: str
    location: str
    context: str
    factor: float
    offset: float


_UNITS: dict[str, tuple[str, float, float]] = {
    "Wh": ("Wh", 1, 0), "mWh": ("Wh", 0.001, 0), "kWh": ("Wh", 1000, 0), "MWh": ("Wh", 1e6, 0),
    "W": ("W", 1, 0), "kW": ("W", 1000, 0), "mW": ("W", 0.001, 0), "MW": ("W", 1e6, 0),
    "A": ("A", 1, 0), "mA": ("A", 0.001, 0), "dA": ("A", 0.1, 0), "kA": ("A", 1000, 0),
    "AMP": ("A", 1, 0), "Amp": ("A", 1, 0), "Amps": ("A", 1, 0), "Ampere": ("A", 1, 0),
    "V": ("V", 1, 0), "mV": ("V", 0.001, 0), "kV": ("V", 1000, 0), "VOLT": ("V", 1, 0), "Volt": ("V", 1, 0),
    "varh": ("varh", 1, 0), "kvarh": ("varh", 1000, 0), "var": ("var", 1, 0), "kvar": ("var", 1000, 0),
    "VA": ("VA", 1, 0), "kVA": ("VA", 1000, 0),
    "Celsius": ("Celsius", 1, 0), "Celcius": ("Celsius", 1, 0), "C": ("Celsius", 1, 0),
    "°C": ("Celsius", 1, 0),
    "K": ("Celsius", 1, -273.15), "Kelvin": ("Celsius", 1, -273.15),
    "Fahrenheit": ("Celsius", 5 / 9, -160 / 9), "F": ("Celsius", 5 / 9, -160 / 9),
    "Percent": ("Percent", 1, 0), "%": ("Percent", 1, 0),
    "Hz": ("Hz", 1, 0), "Hertz": ("Hz", 1, 0), "RPM": ("RPM", 1, 0),
}  # fmt: skip
_UNITS_ANY_CASE = {unit.casefold(): meaning for unit, meaning in reversed(_UNITS.items())}

# OCPP 1.6 §7.43: a sample without measurand is the import register, which one with another unit cannot be.
_MEASURAND_OF_UNIT = {
    "Wh": REGISTER, "W": POWER, "A": CURRENT, "V": VOLTAGE, "Percent": "SoC", "Celsius": "Temperature",
    "Hz": "Frequency", "RPM": "RPM", "varh": "Energy.Reactive.Import.Register",
    "var": "Power.Reactive.Import",
}  # fmt: skip
_UNIT_OF_MEASURAND = (
    ("Energy.Active", "Wh"), ("Energy.Reactive", "varh"), ("Power.Factor", ""), ("Power.Reactive", "var"),
    ("Power", "W"), ("Current", "A"), ("Voltage", "V"), ("Frequency", "Hz"), ("Temperature", "Celsius"),
    ("SoC", "Percent"), ("RPM", "RPM"),
)  # fmt: skip


class Forms:
    """What words mean to stations of the same habits; these use few, so that the answer is known already."""

    __slots__ = ("_habits", "_known")

    def __init__(self, habits: MeterHabits) -> None:
        self._habits = habits
        self._known: dict[Words, Form] = {}

    def of(self, words: Words) -> Form:
        """Understand the words."""
        known = self._known.get(words)
        if known is None:
            known = _understood([str(word or "") for word in words], self._habits)
            if len(self._known) >= _MOST_FORMS:
                self._known.clear()
            if sum(len(word or "") for word in words) <= _LONGEST_WORDS:  # no station may fill the memory
                self._known[words] = known
        return known


_MOST_FORMS, _LONGEST_WORDS = 4096, 250


@lru_cache(maxsize=256)
def forms(habits: MeterHabits) -> Forms:
    """What stations with these habits mean."""
    return Forms(habits)


def _understood(words: Sequence[str], habits: MeterHabits) -> Form:
    measurand, unit, phase, location, context = words
    measurand = dict(habits.contexts).get(context, measurand)
    if not phase:  # EVBox and Mennekes write `Current.Import.L1`
        head, _, tail = measurand.rpartition(".")
        if tail in PHASES:
            measurand, phase = head, tail
    ours, factor, offset = _UNITS.get(unit) or _UNITS_ANY_CASE.get(unit.casefold()) or (unit, 1.0, 0.0)
    if not measurand:
        measurand = _MEASURAND_OF_UNIT.get(ours, REGISTER)
    measurand = dict(habits.measurands).get(measurand, measurand)
    if not ours:
        ours = next((usual for start, usual in _UNIT_OF_MEASURAND if measurand.startswith(start)), "")
    if phase.endswith("-N") and not measurand.startswith(VOLTAGE):
        phase = phase[:2]  # a current or a power between a line and neutral is that of the line
    return Form(
        measurand,
        ours,
        phase,
        "" if location == "Outlet" else location,
        "" if context == "Sample.Periodic" else context,
        factor,
        offset,
    )


def number(text: str) -> float | None:
    """The number that a station wrote, also with a decimal comma; None for what is none."""
    try:
        value = float(text)
    except ValueError:
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            return None
    return value if math.isfinite(value) else None


def sample(value: str, words: Words, meant: Forms, *, signed: bool = False) -> Sample:
    """A station's value in our units; what is absent takes the default of OCPP 1.6 §7.43."""
    measurand, unit, phase, location, context, factor, offset = meant.of(words)
    read = None if signed else number(value)
    if read is None:
        return Sample(measurand, value, unit, phase, location, context)
    if factor != 1 or offset:
        read = round(read * factor + offset, 4)
    return Sample(measurand, read, unit, phase, location, context)


def reading(at: datetime, samples: list[Sample]) -> Reading:
    """Samples of one moment. A single-phase station may give its current on N alone: it is the line's."""
    currents = [one for one in samples if one.measurand == CURRENT]
    if len(currents) == 1 and currents[0].phase == "N":
        mended = msgspec.structs.replace(currents[0], phase="L1")
        samples = [mended if one is currents[0] else one for one in samples]
    return Reading(at, samples)


def values(samples: Iterable[Sample], untrusted: tuple[str, ...] = ()) -> dict[str, float]:
    """Numbers by `measurand` or `measurand.phase`; those of the grid side end in `@Inlet`.

    Where one moment holds a transaction's first and last value, the last one counts.
    """
    found: dict[str, float] = {}
    for one in samples:
        value = one.value
        if isinstance(value, str):
            continue
        key = f"{one.measurand}.{one.phase}" if one.phase else one.measurand
        if one.location == "Inlet":
            key += INLET
        if one.context == "Transaction.Begin":
            found.setdefault(key, value)
        else:
            found[key] = value
    for key in untrusted:
        found.pop(key, None)
    return found


def _total(found: dict[str, float], measurand: str) -> float | None:
    """The value without phase; else the sum of the phases. A total is never added to its phases."""
    total = found.get(measurand)
    if total is not None:
        return total
    parts = [value for line in LINES if (value := found.get(f"{measurand}.{line}")) is not None]
    return sum(parts) if parts else found.get(measurand + INLET)


def register_wh(found: dict[str, float]) -> float | None:
    """The import register, from `values`."""
    return _total(found, REGISTER)


def power_w(found: dict[str, float]) -> float | None:
    """The power into the car, from `values`; from voltage and current where no power is reported."""
    power = _total(found, POWER)
    return power if power is not None else _apparent_w(found)


def _apparent_w(found: dict[str, float]) -> float | None:
    """Voltage times current: the sum over the lines, or of the totals (direct current, single phase)."""
    single = found.get(VOLTAGE)
    parts = []
    for line in LINES:
        amperes = found.get(f"{CURRENT}.{line}")
        if amperes is not None:
            volts = _line_voltage(found, line, single)
            if volts is None:
                return None
            parts.append(volts * amperes)
    if parts:
        return round(sum(parts), 1)
    amperes = found.get(CURRENT)
    volts = single if single is not None else _line_voltage(found, "L1", None)
    return None if amperes is None or volts is None else round(volts * amperes, 1)


def _line_voltage(found: dict[str, float], line: str, default: float | None) -> float | None:
    """Line to neutral, under either name; else what is known of the voltage at all."""
    for key in (f"{VOLTAGE}.{line}-N", f"{VOLTAGE}.{line}"):
        if key in found:
            return found[key]
    if default is not None:
        return default
    for pair in ("L1-L2", "L2-L3", "L3-L1"):
        if line in pair and f"{VOLTAGE}.{pair}" in found:
            return found[f"{VOLTAGE}.{pair}"] / math.sqrt(3)
    return found.get(f"{VOLTAGE}.L1-N", found.get(f"{VOLTAGE}.L1"))


def latest(
    known: dict[str, list[float]], found: dict[str, float], at_ms: int, limit: int = 64
) -> dict[str, list[float]]:
    """`known` live values with newer ones laid over; at most `limit` kinds, lest a station fill the row."""
    merged = dict(known)
    for key, value in found.items():
        if key in merged or len(merged) < limit:
            merged[key] = [value, at_ms]
    return merged


def ordered(readings: Sequence[Reading]) -> list[Reading]:
    """Oldest first, equal ones as they came."""
    return sorted(readings, key=lambda one: one.at)
