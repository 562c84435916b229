"""United Chargers Grizzl-E."""

from __future__ import annotations

from ostler.domain.measures import MeterHabits
from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="United Chargers*",
        gentle_reading=True,
        meter=MeterHabits(measurands=(("Current.Export", "Current.Import"),), session_register=True),
        why=(
            'Firmware 5 answers GetConfiguration with broken JSON, {"configurationKey":[]} without its end '
            "(lbbrhzn/ocpp issues 176, 442); its samples count from the begin of the session, while start "
            "and stop may give the lifetime register (2093), and call the car's current Current.Export (176)."
        ),
    ),
)
