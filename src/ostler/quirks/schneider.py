"""Schneider Electric EVlink."""

from __future__ import annotations

from ostler.domain.measures import MeterHabits
from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="Schneider*",
        meter=MeterHabits(untrusted=("Current.Import",)),
        why=(
            "The current without phase is not the sum of the phases, and there is no power of a phase: only "
            "the currents of the phases can be believed (vendor code of SAP's ev-server)."
        ),
    ),
)
