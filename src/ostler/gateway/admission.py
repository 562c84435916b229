"""Who may come in: pure decisions over a record and what was shown at the door."""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import Final
from urllib.parse import urlsplit

from ostler.ocpp.handshake import Basic, UpgradeRequest
from ostler.services import keys
from ostler.services.stations import Record

TAKE_OVERS: Final = 3
TAKE_OVER_WINDOW_S: Final = 600.0


class Door(Enum):
    """What becomes of somebody at the door."""

    SERVED = "served"
    SERVED_KEY_SHOWN = "served, and it used its key for the first time"
    STRANGER = "not known, and showed nothing"
    REFUSED = "refused"


def judge(record: Record | None, request: UpgradeRequest, *, tls: bool, certificate: bool = False) -> Door:
    """Decide from what is known; takes as long for an unknown identity as for a wrong key.

    `certificate`: the station proved by one that it is `record` (security profile 3).
    """
    shown = request.basic
    right = _right_key(record, request)
    if record is None:
        return Door.STRANGER if shown is None else Door.REFUSED
    if record.security_profile >= 2 and not tls:
        return Door.REFUSED
    if record.security_profile == 3:
        return Door.SERVED if certificate else Door.REFUSED
    if right:
        return Door.SERVED if record.key_shown else Door.SERVED_KEY_SHOWN
    if record.security_profile > 0 or (record.key_hash is not None and (record.key_shown or shown)):
        return Door.REFUSED
    return Door.SERVED


def is_foreign_page(request: UpgradeRequest) -> bool:
    """Whether a browser asks on behalf of another site's page, which could reach any station's place.

    Stations may send an Origin too, whatever it be; only browsers call themselves Mozilla.
    """
    headers = request.headers
    origin = headers.get("origin")
    if origin is None or not headers.get("user-agent", "").startswith("Mozilla/"):
        return False
    try:
        return urlsplit(origin).hostname != urlsplit(f"//{headers.get('host', '')}").hostname
    except ValueError:
        return True


def keyed(record: Record) -> bool:
    """Whether whoever comes as this station has proved it."""
    return record.security_profile > 0


def _right_key(record: Record | None, request: UpgradeRequest) -> bool:
    shown = request.basic
    known = isinstance(shown, Basic) and shown.user == request.identity
    password = shown.password if isinstance(shown, Basic) else b""
    salt, expected = (None, None) if record is None else (record.key_salt, record.key_hash)
    return keys.matches(password, salt, expected) and known


class TakeOvers:
    """Counts how often connections of one identity pushed each other out, from different addresses."""

    __slots__ = ("_times",)

    def __init__(self) -> None:
        self._times: deque[float] = deque(maxlen=TAKE_OVERS)

    def too_many(self, now: float) -> bool:
        """Whether one more from another address has to be refused."""
        return len(self._times) == TAKE_OVERS and now - self._times[0] <= TAKE_OVER_WINDOW_S

    def count(self, now: float) -> None:
        """A connection from another address has taken over."""
        self._times.append(now)
