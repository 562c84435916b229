"""Faults on demand, and their end."""

from __future__ import annotations

from datetime import datetime

from ostler.ocpp.v16 import ChargePointErrorCode, Reason
from ostler.sim import charging
from ostler.sim.machine import Phase, Signal
from ostler.sim.station import Connector, Station


def break_down(station: Station, connector: Connector, code: ChargePointErrorCode, now: datetime) -> None:
    """A fault that ends the transaction and takes the connector out of use."""
    connector.error = code
    connector.holder = None
    station.tell(now, connector.number, f"breaks down: {code.value}")
    station.signal(connector, Signal.FAULT, now)
    charging.end(station, connector, Reason.OTHER, now)


def repair(station: Station, connector: Connector, now: datetime) -> None:
    """The fault is gone; the connector is what it would have become meanwhile."""
    connector.error = ChargePointErrorCode.NO_ERROR
    if connector.phase is not Phase.FAULTED:
        return
    if not station.operative(connector.number):
        station.signal(connector, Signal.DISABLE, now)
    elif connector.car is not None:
        station.signal(connector, Signal.REPAIR_PLUGGED, now)
    else:
        station.signal(connector, Signal.REPAIR, now)
