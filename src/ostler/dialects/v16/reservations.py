"""Keeping a connector for a token."""

from __future__ import annotations

from datetime import datetime

from ostler.dialects.base import Caller, CallFailed
from ostler.dialects.v16.asking import ask, failed, number, outcome
from ostler.domain.commands import CancelReservation, CommandResult, Reserve
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.services import reservations
from ostler.services.reservations import Reservation
from ostler.store.database import Db

ACCEPTED = v16.ReservationStatus.ACCEPTED
REFUSALS = {
    "Faulted": "Faulted: the connector is out of order, so it cannot be kept.",
    "Occupied": "Occupied: the connector is in use or kept for somebody else.",
    "Rejected": "Rejected: the station keeps no connectors, or none without naming it "
    "(ReserveConnectorZeroSupported).",
    "Unavailable": "Unavailable: the connector is out of service, so it cannot be kept.",
}


async def reserve(station: Caller, command: Reserve) -> CommandResult:
    """ReserveNow; the reservation's id is in `data`. The row exists before the station is asked: its pk is
    the id.
    """
    now = station.now()
    if reservations.is_expired(command.expires_at, now):
        return failed("The reservation would be over already: let it end in the future.")
    earlier = None
    if command.reservation_id is not None:
        earlier = await station.store.read(reservations.find, command.reservation_id)
        problem = _not_held(earlier, station.pk, command.reservation_id)
        if problem:
            return failed(problem)
    pk = earlier.pk if earlier else await station.store.write(_request, station.pk, command, now)
    connector = number(command.connector, command.evse)
    request = v16.ReserveNowRequest(
        connector_id=connector,
        expiry_date=command.expires_at.replace(microsecond=0),
        id_tag=command.token,
        parent_id_tag=command.parent,
        reservation_id=pk,
    )
    try:
        status = (await ask(station, request)).status
    except CallFailed as error:
        # After a time-out the station may have it all the same: it stays as requested until it is over.
        if earlier is None and error.outcome is not Result.TIMED_OUT:
            await station.store.write(reservations.settle, pk, reservations.REFUSED, station.now())
        raise
    await station.store.write(
        _settle, pk, command, station.now(), accepted=status is ACCEPTED, earlier=earlier
    )
    what = f"Connector {connector}" if connector else "A connector"
    kept = f"{what} is kept for {command.token} until {request.expiry_date:%Y-%m-%d %H:%M} UTC."
    return outcome(status, {**REFUSALS, "Accepted": kept}, data={"reservation_id": pk})


async def cancel_reservation(station: Caller, command: CancelReservation) -> CommandResult:
    """CancelReservation, for an active reservation of this station only."""
    row = await station.store.read(reservations.find, command.reservation_id)
    problem = _not_held(row, station.pk, command.reservation_id)
    if problem:
        return failed(problem)
    answer = await ask(station, v16.CancelReservationRequest(reservation_id=command.reservation_id))
    # A station that rejects does not know the reservation, so either way it keeps nothing.
    await station.store.write(
        reservations.settle, command.reservation_id, reservations.CANCELLED, station.now()
    )
    if answer.status is v16.CancelReservationStatus.ACCEPTED:
        return CommandResult(result=Result.ACCEPTED, detail="The connector is free again.")
    return outcome(
        answer.status,
        {
            "Rejected": "The station does not know this reservation: it ended earlier, and is cancelled "
            "here too."
        },
    )


def _not_held(row: Reservation | None, station_pk: int, pk: int) -> str:
    """Why nothing can be ordered about a reservation; empty when all is well."""
    if row is None:
        return f"There is no reservation {pk}."
    if row.station != station_pk:
        return f"Reservation {pk} is held at another station ({row.identity}): order it there."
    if row.status not in {reservations.ACTIVE, reservations.REQUESTED}:
        return f"Reservation {pk} is not held any more: it is {row.status}."
    return ""


def _request(db: Db, station_pk: int, command: Reserve, now: datetime) -> int:
    evse = number(command.connector, command.evse)
    return reservations.request(
        db,
        station_pk,
        evse=evse,
        connector=1 if evse else 0,
        id_token=command.token,
        parent=command.parent or "",
        expires_at=command.expires_at,
        now=now,
    )


def _settle(
    db: Db, pk: int, command: Reserve, now: datetime, *, accepted: bool, earlier: Reservation | None
) -> None:
    """A refused replacement leaves the earlier reservation as it was."""
    if not accepted:
        if earlier is None:
            reservations.settle(db, pk, reservations.REFUSED, now)
        return
    evse = number(command.connector, command.evse)
    reservations.replace(
        db,
        pk,
        evse=evse,
        connector=1 if evse else 0,
        id_token=command.token,
        parent=command.parent or "",
        expires_at=command.expires_at,
        now=now,
    )
