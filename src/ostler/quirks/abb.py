"""ABB Terra AC."""

from __future__ import annotations

from ostler.quirks.base import Quirk

_TERRA_AC = ("CDT_TAC*", "TAC*", "*Terra AC*")

QUIRKS = (
    Quirk(
        vendor="ABB*",
        models=_TERRA_AC,
        firmware=("*V1.[0-7].*", "*V1.8.[0-9]", "*V1.8.1[0-9]", "*V1.8.2[01]"),
        gentle_reading=True,
        why=(
            "Up to 1.8.21 it reboots at GetConfiguration without keys "
            "(lbbrhzn/ocpp issue 1275, evcc issue 15533)."
        ),
    ),
    Quirk(
        vendor="ABB*",
        models=_TERRA_AC,
        highest_stack_level=0,
        clear_profile_first=True,
        why=(
            "It refuses stack level 3 and a second TxDefaultProfile "
            "(lbbrhzn/ocpp issue 1737, evcc issue 15493); evcc's template ocpp-abb-tac sets level 0."
        ),
    ),
)
