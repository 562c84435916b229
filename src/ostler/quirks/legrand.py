"""Legrand Green'Up."""

from __future__ import annotations

from ostler.domain.measures import MeterHabits
from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="Legrand*",
        meter=MeterHabits(
            measurands=(("Power.Active.Export", "Power.Active.Import"),),
            session_register=True,
        ),
        why=(
            "The maker's own guide to OCPP with Green'Up stations shows power to the car as "
            "Power.Active.Export, energy as Energy.Active.Import.Interval, "
            "and every transaction beginning at meterStart 0."
        ),
    ),
)
