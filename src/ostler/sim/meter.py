"""A connector's meter and the car behind it: amperes offered in, energy and samples out."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

import msgspec

from ostler.ocpp import v16
from ostler.ocpp.v16 import Measurand, Phase, ReadingContext, SampledValue, UnitOfMeasure

VOLTAGE_V = 230.0
SMALLEST_CURRENT_A = 6.0
"""A car draws nothing below it (IEC 61851-1)."""
_FULL = 100.0
_PHASES = (Phase.L1, Phase.L2, Phase.L3)


class Car(msgspec.Struct, frozen=True, kw_only=True):
    """What a car can take; above `taper_from` percent it takes less and less, down to nothing when full."""

    max_a: float = 16.0
    phases: int = 3
    capacity_wh: float = 60_000.0
    soc: float = 40.0
    """State of charge in percent when it arrives."""
    taper_from: float = 80.0
    ripple: float = 0.0
    """By which part the current sinks and rises again, every 23 seconds, as in real life."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the meter shows at one moment."""

    at: datetime
    register_wh: float
    current_a: tuple[float, ...]
    """For each phase of the connector."""
    offered_a: float
    soc: float | None
    voltage_v: float = VOLTAGE_V

    @property
    def power_w(self) -> float:
        return sum(self.current_a) * self.voltage_v


class Meter:
    """Integrates what the car draws. `speed` makes energy (not time) run faster than the clock."""

    def __init__(self, *, register_wh: float, phases: int, now: datetime, speed: float = 1.0) -> None:
        self.register_wh = register_wh
        self._phases = phases
        self._speed = speed
        self._at = now
        self._offered_a = 0.0
        self._car: Car | None = None
        self._soc = 0.0
        self._paused = False

    def plug(self, car: Car, now: datetime) -> None:
        """A car is there; it draws as soon as something is offered."""
        self.advance(now)
        self._car, self._soc, self._paused = car, car.soc, False

    def unplug(self, now: datetime) -> None:
        self.advance(now)
        self._car = None
        self._offered_a = 0.0

    def offer(self, amperes: float, now: datetime) -> None:
        """Offer this on each phase from now on; 0 opens the contactor."""
        self.advance(now)
        self._offered_a = amperes

    def pause(self, now: datetime, *, paused: bool) -> None:
        """The car itself does not want energy (or wants it again)."""
        self.advance(now)
        self._paused = paused

    def advance(self, now: datetime) -> None:
        """Count what flowed until `now`; a clock that went backwards counts nothing."""
        seconds = max((now - self._at).total_seconds(), 0.0) * self._speed
        self._at = now
        car = self._car
        if car is None:
            return
        # Small steps, since the current falls while the battery fills.
        while seconds > 0 and (power_w := sum(self._currents()) * VOLTAGE_V) > 0:
            part_s = min(seconds, 60.0)
            room_wh = (_FULL - self._soc) / 100 * car.capacity_wh
            energy_wh = min(power_w * part_s / 3600, room_wh)
            self.register_wh += energy_wh
            self._soc = min(self._soc + energy_wh / car.capacity_wh * 100, _FULL)
            if _FULL - self._soc < 1e-6:
                self._soc = _FULL
            seconds -= part_s

    def read(self, now: datetime) -> Reading:
        """Return what the meter shows now."""
        self.advance(now)
        return Reading(
            at=now,
            register_wh=self.register_wh,
            current_a=self._currents(),
            offered_a=self._offered_a,
            soc=self._soc if self._car else None,
        )

    def _currents(self) -> tuple[float, ...]:
        car = self._car
        if car is None or self._paused or self._soc >= _FULL or self._offered_a < SMALLEST_CURRENT_A:
            return (0.0,) * self._phases
        wanted_a = car.max_a
        if self._soc > car.taper_from:
            wanted_a *= (_FULL - self._soc) / (_FULL - car.taper_from)
            wanted_a = max(wanted_a, min(SMALLEST_CURRENT_A, car.max_a))
        amperes = min(wanted_a, self._offered_a)
        amperes *= 1 - car.ripple * (1 + math.sin(self._at.timestamp() * math.tau / 23)) / 2
        used = min(car.phases, self._phases)
        return (amperes,) * used + (0.0,) * (self._phases - used)


def samples(reading: Reading, measurands: Iterable[str], context: ReadingContext) -> v16.MeterValue:
    """Return the reading in OCPP's words; measurands that the meter lacks are left out."""
    values = [value for name in measurands for value in _sampled(reading, Measurand.of(name), context)]
    register = _sampled(reading, Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, context)
    return v16.MeterValue(timestamp=reading.at, sampled_value=values or register)


def _sampled(reading: Reading, measurand: Measurand, context: ReadingContext) -> list[SampledValue]:
    def one(value: str, unit: UnitOfMeasure | None, phase: Phase | None = None) -> SampledValue:
        return SampledValue(value=value, context=context, measurand=measurand, phase=phase, unit=unit)

    offered_w = reading.offered_a * reading.voltage_v * len(reading.current_a)
    match measurand:
        case Measurand.ENERGY_ACTIVE_IMPORT_REGISTER:
            return [one(str(int(reading.register_wh)), UnitOfMeasure.WH)]
        case Measurand.POWER_ACTIVE_IMPORT:
            return [one(f"{reading.power_w:.0f}", UnitOfMeasure.W)]
        case Measurand.POWER_OFFERED:
            return [one(f"{offered_w:.0f}", UnitOfMeasure.W)]
        case Measurand.CURRENT_OFFERED:
            return [one(f"{reading.offered_a:.1f}", UnitOfMeasure.A)]
        case Measurand.CURRENT_IMPORT:
            pairs = zip(reading.current_a, _PHASES, strict=False)
            return [one(f"{amperes:.2f}", UnitOfMeasure.A, phase) for amperes, phase in pairs]
        case Measurand.VOLTAGE:
            phases = (Phase.L1_N, Phase.L2_N, Phase.L3_N)[: len(reading.current_a)]
            return [one(f"{reading.voltage_v:.1f}", UnitOfMeasure.V, phase) for phase in phases]
        case Measurand.SOC if reading.soc is not None:
            return [one(f"{reading.soc:.0f}", UnitOfMeasure.PERCENT)]
        case Measurand.TEMPERATURE:
            return [one("31.0", UnitOfMeasure.CELSIUS)]
        case Measurand.FREQUENCY:
            # OCPP 1.6 §7.45 has no unit for it.
            return [one("50.0", None)]
        case _:
            return []
