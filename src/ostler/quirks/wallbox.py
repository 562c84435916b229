"""Wallbox Pulsar, Commander, Copper."""

from __future__ import annotations

from ostler.domain.measures import MeterHabits
from ostler.quirks.base import Quirk

_RELATIVE = (
    "It takes only Relative charging profiles (evcc's template ocpp-wallbox: Pulsar, Commander 2, Copper SB)."
)
_FIRMWARE_5 = (
    "Firmware 5 takes stack level 0 only and reports offered current and power that mean nothing "
    "(evcc issue 4957 and template ocpp-wallbox-fw5)."
)
_OFFERED = MeterHabits(untrusted=("Current.Offered", "Power.Offered"))

QUIRKS = (
    Quirk(vendor="Wall Box*", profile_kind="Relative", why=_RELATIVE),
    Quirk(vendor="Wallbox*", profile_kind="Relative", why=_RELATIVE),
    Quirk(vendor="Wall Box*", firmware=("5.*",), highest_stack_level=0, meter=_OFFERED, why=_FIRMWARE_5),
    Quirk(vendor="Wallbox*", firmware=("5.*",), highest_stack_level=0, meter=_OFFERED, why=_FIRMWARE_5),
)
