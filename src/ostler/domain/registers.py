"""Energy from meter registers, which restart at zero, jitter and sometimes speak of something else."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import msgspec

MAX_POWER_W = 500_000.0
"""No connector of today delivers more: what would need more is another register, not energy."""
UNKNOWN_S = 86_400.0
"""How long ago a reading without a time is taken to be."""
SLACK_WH = 50_000.0
"""What may have flowed on top of that: clocks stand still, and stations report hours at once under one time.
No more than a car takes, so that a lifetime register is still told from one of the session.
"""
JITTER_WH = 10.0
TOLERANCE_WH = 50.0
TOLERANCE = 0.01
USUAL_POWER_W = 22_000.0


class Step(NamedTuple):
    """From one reading to the next: what flowed, the register to go on from, and whether it broke off."""

    gained_wh: float
    register_wh: float
    reset: bool


def step(last_wh: float | None, new_wh: float, seconds: float) -> Step:
    """Compare two readings `seconds` apart. One that fell restarted at zero, if that can explain it."""
    if last_wh is None:
        return Step(0.0, new_wh, False)
    gained = new_wh - last_wh
    possible = MAX_POWER_W * max(seconds, 0.0) / 3600 + SLACK_WH
    if 0 <= gained <= possible:
        return Step(gained, new_wh, False)
    if -JITTER_WH <= gained < 0 < new_wh:
        return Step(0.0, last_wh, False)
    if gained < 0 <= new_wh <= possible:
        return Step(new_wh, new_wh, True)
    return Step(0.0, new_wh, True)


class Meter(msgspec.Struct, frozen=True, kw_only=True):
    """A register read over time: `energy_wh` is what flowed, whatever the register did meanwhile.

    `at` is the time of the last reading, or of the begin when there was none yet.
    """

    register_wh: float | None
    energy_wh: float
    at: datetime | None
    reset: bool = False

    def read(self, register_wh: float, at: datetime) -> Meter:
        """The meter after one more reading; one that is older than the last changes nothing."""
        seconds = UNKNOWN_S
        if self.at is not None:
            seconds = (at - self.at).total_seconds()
            if seconds < 0:
                return self
        gained_wh, register, reset = step(self.register_wh, register_wh, seconds)
        return Meter(
            register_wh=register,
            energy_wh=self.energy_wh + gained_wh,
            at=at,
            reset=self.reset or reset,
        )

    def add(self, interval_wh: float, at: datetime) -> Meter:
        """The meter after an interval's energy, for stations that report no register."""
        if self.at is not None and at <= self.at:
            return self
        return Meter(
            register_wh=self.register_wh, energy_wh=self.energy_wh + interval_wh, at=at, reset=self.reset
        )


def disagrees(total_wh: float, sampled_wh: float, *, seconds: float, unsampled_s: float) -> bool:
    """Whether the samples contradict the start and stop readings of a transaction.

    `seconds` is its length; in the `unsampled_s` after the last sample energy may have flowed unseen.
    """
    allowed = max(TOLERANCE_WH, TOLERANCE * abs(total_wh))
    average_w = total_wh * 3600 / seconds if seconds > 0 else 0.0
    unseen_wh = max(USUAL_POWER_W, 2 * average_w) * max(unsampled_s, 0.0) / 3600
    return not -allowed <= total_wh - sampled_wh <= allowed + unseen_wh
