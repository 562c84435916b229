"""Reservations: kept for one token until they expire (OCPP 1.6 §5.13)."""

from __future__ import annotations

from datetime import datetime

from ostler.ocpp.v16 import ReservationStatus
from ostler.sim.machine import Phase, Signal
from ostler.sim.memory import Reservation
from ostler.sim.station import Connector, Station

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
    """What is reserved shows so again: after a restart, or when a start came to nothing."""
    expire(station, now)
    for reservation in station.memory.reservations.values():
        if reservation.connector in station.connectors:
            station.signal(station.connectors[reservation.connector], Signal.RESERVE, now)


def open_to(station: Station, connector: Connector, id_tag: str, parent: str | None) -> bool:
    """Whether this token may use the connector: nobody else's promise is broken by it (OCPP 1.6 §3.12)."""
    reservations = station.memory.reservations.values()
    for reservation in reservations:
        if reservation.connector == connector.number:
            return _is_for(reservation, id_tag, parent)
    if any(each.connector == 0 and _is_for(each, id_tag, parent) for each in reservations):
        return True
    return _unpromised(station) > 0 or connector.phase is not Phase.AVAILABLE


def consume(station: Station, connector: Connector, id_tag: str, parent: str | None) -> int | None:
    """The id of the reservation that a start uses up: the connector's, or one for any connector."""
    for reservation in list(station.memory.reservations.values()):
        if reservation.connector in {0, connector.number} and _is_for(reservation, id_tag, parent):
            return station.memory.reservations.pop(reservation.id).id
    return None


def _is_for(reservation: Reservation, id_tag: str, parent: str | None) -> bool:
    same = reservation.id_tag.casefold() == id_tag.casefold()
    return same or (parent is not None and parent == reservation.parent)


def _unpromised(station: Station) -> int:
    """How many connectors are free and not owed to a reservation for any connector."""
    free = sum(each.phase is Phase.AVAILABLE for each in station.connectors.values())
    return free - sum(each.connector == 0 for each in station.memory.reservations.values())


def _reserve_any(station: Station, wanted: Reservation) -> ReservationStatus:
    """One connector must stay free for the token; which one is open (OCPP 1.6 §5.13)."""
    if _unpromised(station) <= 0:
        return ReservationStatus.OCCUPIED
    station.memory.reservations[wanted.id] = wanted
    return ReservationStatus.ACCEPTED
