"""EVBox."""

from __future__ import annotations

from ostler.domain.measures import MeterHabits
from ostler.quirks.base import Quirk

_NO_STATION_PROFILE = (
    "It refuses ChargePointMaxProfile; TxDefaultProfile does the same (lbbrhzn/ocpp issue 1703)."
)

QUIRKS = (
    Quirk(vendor="EV-BOX*", station_profile=False, why=_NO_STATION_PROFILE),
    Quirk(vendor="EVBox*", station_profile=False, why=_NO_STATION_PROFILE),
    Quirk(
        vendor="EV-BOX*",
        models=("G4E*", "*Elvi*"),
        meter=MeterHabits(untrusted=("Current.Offered", "Power.Offered", "SoC")),
        why="An Elvi's offered current and power and its SoC mean nothing (evcc's template ocpp-evbox-elvi).",
    ),
)
