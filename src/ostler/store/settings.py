"""What an administrator may choose about storage."""

from __future__ import annotations

import msgspec


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of the message log is kept; whichever limit is reached first counts, 0 means no limit."""

    keep_days: int = 30
    max_mb: int = 4096
