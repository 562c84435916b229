"""KEBA P30."""

from __future__ import annotations

from ostler.quirks.base import Quirk

QUIRKS = (
    Quirk(
        vendor="KEBA*",
        token_separator="_",  # noqa: S106 - a character, no secret
        why=(
            "A P30 master reports the cards of its slaves as 12345678_<serial of the slave>; OCPP.Core's "
            "notes on KEBA cut at the underscore, too."
        ),
    ),
)
