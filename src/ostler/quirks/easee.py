"""Easee."""

from __future__ import annotations

from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="Easee*",
        least_sample_interval_s=30,
        why="It refuses a MeterValueSampleInterval below 30 s (evcc's template ocpp-easee).",
    ),
)
