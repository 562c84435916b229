"""Status words of stations that are not among the nine."""

from __future__ import annotations

from ostler.domain.words import Status

_KNOWN = {word.value: word for word in Status if word is not Status.OFFLINE}
_MEANT = {word.value.casefold(): word for word in _KNOWN.values()} | {
    "free": Status.AVAILABLE,
    "idle": Status.AVAILABLE,
    "ready": Status.AVAILABLE,
    "operative": Status.AVAILABLE,
    "connected": Status.PREPARING,
    "plugged": Status.PREPARING,
    "waiting": Status.PREPARING,
    "authorized": Status.PREPARING,
    "suspended": Status.SUSPENDED_EV,
    "paused": Status.SUSPENDED_EVSE,
    "finished": Status.FINISHING,
    "completed": Status.FINISHING,
    "booked": Status.RESERVED,
    "inoperative": Status.UNAVAILABLE,
    "outofservice": Status.UNAVAILABLE,
    "offline": Status.UNAVAILABLE,
    "updating": Status.UNAVAILABLE,
    "error": Status.FAULTED,
    "fault": Status.FAULTED,
    "failure": Status.FAULTED,
}

AT_REST = frozenset({Status.AVAILABLE, Status.UNAVAILABLE, Status.FAULTED})
"""In these no energy flows, whatever the last sample said."""


def understand(said: str, *, known: str, charging: bool) -> Status:
    """One of the nine words for what a station `said`; `known`, the last status, if the word tells nothing.

    `Occupied` is a word of OCPP 1.5 and 2.x: `charging` (a transaction runs) decides what it means.
    """
    word = _KNOWN.get(said)
    if word is not None:
        return word
    bare = "".join(letter for letter in said.casefold() if letter.isalnum())
    if bare == "occupied":
        return Status.CHARGING if charging else Status.PREPARING
    return _MEANT.get(bare) or _KNOWN.get(known, Status.UNAVAILABLE)
