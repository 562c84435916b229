"""Alfen Eve."""

from __future__ import annotations

from ostler.domain.measures import MeterHabits
from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="Alfen*",
        meter=MeterHabits(contexts=(("CurrentMax", "Current.Offered"),)),
        why=(
            "A recorded MeterValues of an Eve Single Pro-line (NG910) holds two currents without measurand; "
            "the one in the context CurrentMax, which OCPP does not know, is what it offers the car."
        ),
    ),
)
