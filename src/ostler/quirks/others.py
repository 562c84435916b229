"""Manufacturers of whom a single thing is known."""

from __future__ import annotations

from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="Autel*",
        profile_kind="Absolute",
        why="It refuses Relative charging profiles (lbbrhzn/ocpp issue 677).",
    ),
    Quirk(
        vendor="Charge Amps*",
        models=("HALO*",),
        station_profile=False,
        why="It refuses ChargePointMaxProfile (lbbrhzn/ocpp issue 878).",
    ),
    Quirk(
        vendor="EN+*",
        server_ping=False,
        change_availability=False,
        why=(
            "The AC7000 never answers a ping (lbbrhzn/ocpp issue 211); ChangeAvailability at start-up sends "
            "it into a loop of reboots (evcc issue 30113 and template ocpp-enplus)."
        ),
    ),
    Quirk(
        vendor="*",
        models=("*EVduty*",),
        server_ping=False,
        why="It never answers a ping (lbbrhzn/ocpp issue 553).",
    ),
    Quirk(
        vendor="Hager*",
        token_expiry_h=24,
        why="Witty stations want an expiryDate in idTagInfo (OCPP.Core and the Jeedom plugin send one).",
    ),
    Quirk(
        vendor="MENNEKES*",
        models=("*Gateway*", "*Smart*"),
        least_sample_interval_s=60,
        why="The ACU refuses a MeterValueSampleInterval below 60 s (evcc's template ocpp-mennekes-acu).",
    ),
    Quirk(
        vendor="Webasto*",
        models=("*Live*",),
        gentle_reading=True,
        why="GetConfiguration without keys locks it (lbbrhzn/ocpp issue 880).",
    ),
)
