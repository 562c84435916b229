"""Reservations: kept for one token until they expire (OCPP 1.6 §5.13)."""

from __future__ import annotations

from datetime import datetime

from ostler.ocpp.v16 import ReservationStatus
from ostler.sim.machine import Phase, Signal
from ostler.sim.memory import Reservation
from ostler.sim.station import Station

_REFUSALS = {
    Phase.FAULTED: ReservationStatus.FAULTED,
    Phase.UNAVAILABLE: ReservationStatus.UNAVAILABLE,
}


def reserve(station: Station, wanted: Reservation, now: datetime) -> ReservationStatus:
    """Keep a connector, or with 0 any one; the same id replaces the former reservation."""
    if wanted.connector not in {0, *station.connectors}:
        return ReservationStatus.REJECTED
    if wanted.connector == 0 and not station.configuration.flag("ReserveConnectorZeroSupported"):
        return ReservationStatus.REJECTED
    cancel(station, wanted.id, now)
    if wanted.connector == 0:
        return _reserve_any(station, wanted)
    connector = station.connectors[wanted.connector]
    if connector.phase is not Phase.AVAILABLE:
        return _REFUSALS.get(connector.phase, ReservationStatus.OCCUPIED)
    station.memory.reservations[wanted.id] = wanted
    station.signal(connector, Signal.RESERVE, now)
    return ReservationStatus.ACCEPTED


def cancel(station: Station, reservation_id: int, now: datetime) -> bool:
    """Give the connector free; False when there is no such reservation."""
    reservation = station.memory.reservations.pop(reservation_id, None)
    if reservation is None:
        return False
    if reservation.connector in station.connectors:
        station.signal(station.connectors[reservation.connector], Signal.RELEASE, now)
    return True


def expire(station: Station, now: datetime) -> None:
    """End what has run out, and what its connector can no longer keep."""
    for reservation in list(station.memory.reservations.values()):
        connector = station.connectors.get(reservation.connector)
        lost = connector is not None and connector.phase in _REFUSALS
        if reservation.expires_at <= now or lost:
            station.tell(now, reservation.connector, f"reservation {reservation.id} ends")
            cancel(station, reservation.id, now)


def restore(station: Station, now: datetime) -> None:
    """After a restart: what is reserved is so again."""
    expire(station, now)
    for reservation in station.memory.reservations.values():
        if reservation.connector in station.connectors:
            station.signal(station.connectors[reservation.connector], Signal.RESERVE, now)


def _reserve_any(station: Station, wanted: Reservation) -> ReservationStatus:
    """One connector must stay free for the token; which one is open (OCPP 1.6 §5.13)."""
    free = [each for each in station.connectors.values() if each.phase is Phase.AVAILABLE]
    promised = sum(each.connector == 0 for each in station.memory.reservations.values())
    if len(free) <= promised:
        return ReservationStatus.OCCUPIED
    station.memory.reservations[wanted.id] = wanted
    return ReservationStatus.ACCEPTED
