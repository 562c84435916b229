"""go-e and what is built on it (Fronius Wattpilot)."""

from __future__ import annotations

from ostler.quirks.base import Quirk

_FORGETS = (
    "Firmware 56.2 loses its charging profiles when the WebSocket or the WLAN drops, and then charges at "
    "full power (goecharger/go-eCharger-API-v2 issue 217)."
)

QUIRKS = (
    Quirk(vendor="go-e*", forgets_profiles=True, why=_FORGETS),
    Quirk(
        vendor="Fronius*", models=("*Wattpilot*",), forgets_profiles=True, why=_FORGETS + " Same hardware."
    ),
)
