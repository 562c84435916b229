"""What a connector's status may become and what makes it change: OCPP 1.6 §4.9 as two tables.

`ALLOWED` is the specification's table; `NEXT` is what the virtual station does, and never leaves `ALLOWED`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from ostler.ocpp.v16 import ChargePointStatus

Phase = ChargePointStatus
"""What a connector is doing: its status is all that its machine knows."""


class Signal(StrEnum):
    """What happens to a connector."""

    PLUG = "plug"
    """A cable is plugged in."""
    CARD = "card"
    """A token is accepted."""
    UNPLUG = "unplug"
    """The cable is pulled and nobody uses the connector any more."""
    GIVE_UP = "give up"
    """Nobody plugged in before ConnectionTimeOut."""
    TIME_OUT = "time out"
    """A cable is in, but what was begun came to nothing."""
    FLOW = "flow"
    """The transaction runs and energy flows."""
    EV_PAUSE = "EV pause"
    """The transaction runs and the car draws nothing."""
    EVSE_PAUSE = "EVSE pause"
    """The transaction runs and we offer nothing; prevails over a pause of the car (errata 3.20)."""
    STOP = "stop"
    """The transaction has ended, the cable is still in."""
    RESERVE = "reserve"
    RELEASE = "release"
    DISABLE = "disable"
    ENABLE = "enable"
    FAULT = "fault"
    REPAIR = "repair"
    """The fault is gone and the connector is free."""
    REPAIR_PLUGGED = "repair, plugged"
    """The fault is gone and a cable is in."""


# OCPP 1.6 §4.9: rows A to I, columns 1 to 9, both in this order; B6 is in it since the second edition.
ORDER: Final = (
    Phase.AVAILABLE,
    Phase.PREPARING,
    Phase.CHARGING,
    Phase.SUSPENDED_EV,
    Phase.SUSPENDED_EVSE,
    Phase.FINISHING,
    Phase.RESERVED,
    Phase.UNAVAILABLE,
    Phase.FAULTED,
)
_ROWS: Final = {
    "A": "2345789",
    "B": "134569",
    "C": "145689",
    "D": "135689",
    "E": "134689",
    "F": "1289",
    "G": "1289",
    "H": "123459",
    "I": "12345678",
}
ALLOWED: Final[frozenset[tuple[Phase, Phase]]] = frozenset(
    (ORDER["ABCDEFGHI".index(row)], ORDER[int(column) - 1])
    for row, columns in _ROWS.items()
    for column in columns
)

_RUNNING: Final = (Phase.CHARGING, Phase.SUSPENDED_EV, Phase.SUSPENDED_EVSE)
_FLOWS: Final = {
    Signal.FLOW: Phase.CHARGING,
    Signal.EV_PAUSE: Phase.SUSPENDED_EV,
    Signal.EVSE_PAUSE: Phase.SUSPENDED_EVSE,
}

NEXT: Final[Mapping[tuple[Phase, Signal], Phase]] = {
    (Phase.AVAILABLE, Signal.PLUG): Phase.PREPARING,
    (Phase.AVAILABLE, Signal.CARD): Phase.PREPARING,
    (Phase.AVAILABLE, Signal.RESERVE): Phase.RESERVED,
    (Phase.AVAILABLE, Signal.DISABLE): Phase.UNAVAILABLE,
    (Phase.AVAILABLE, Signal.FAULT): Phase.FAULTED,
    (Phase.PREPARING, Signal.UNPLUG): Phase.AVAILABLE,
    (Phase.PREPARING, Signal.GIVE_UP): Phase.AVAILABLE,
    (Phase.PREPARING, Signal.TIME_OUT): Phase.FINISHING,
    (Phase.PREPARING, Signal.FAULT): Phase.FAULTED,
    **{
        (phase, signal): target for phase in (Phase.PREPARING, *_RUNNING) for signal, target in _FLOWS.items()
    },
    **{(phase, Signal.STOP): Phase.FINISHING for phase in _RUNNING},
    **{(phase, Signal.UNPLUG): Phase.AVAILABLE for phase in _RUNNING},
    **{(phase, Signal.DISABLE): Phase.UNAVAILABLE for phase in _RUNNING},
    **{(phase, Signal.FAULT): Phase.FAULTED for phase in _RUNNING},
    (Phase.FINISHING, Signal.UNPLUG): Phase.AVAILABLE,
    (Phase.FINISHING, Signal.CARD): Phase.PREPARING,
    (Phase.FINISHING, Signal.DISABLE): Phase.UNAVAILABLE,
    (Phase.FINISHING, Signal.FAULT): Phase.FAULTED,
    (Phase.RESERVED, Signal.RELEASE): Phase.AVAILABLE,
    (Phase.RESERVED, Signal.CARD): Phase.PREPARING,
    (Phase.RESERVED, Signal.DISABLE): Phase.UNAVAILABLE,
    (Phase.RESERVED, Signal.FAULT): Phase.FAULTED,
    (Phase.UNAVAILABLE, Signal.ENABLE): Phase.AVAILABLE,
    (Phase.UNAVAILABLE, Signal.FAULT): Phase.FAULTED,
    (Phase.FAULTED, Signal.REPAIR): Phase.AVAILABLE,
    (Phase.FAULTED, Signal.REPAIR_PLUGGED): Phase.PREPARING,
    (Phase.FAULTED, Signal.DISABLE): Phase.UNAVAILABLE,
}


def step(phase: Phase, signal: Signal) -> Phase:
    """Return the phase after `signal`; a signal that means nothing in this phase changes nothing."""
    return NEXT.get((phase, signal), phase)
