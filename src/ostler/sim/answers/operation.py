"""Starting and stopping from afar, reservations, availability, unlocking, restarting."""

from __future__ import annotations

from datetime import datetime, timedelta

from ostler.ocpp import v16
from ostler.ocpp.v16 import (
    AvailabilityStatus,
    CancelReservationStatus,
    IdTagInfo,
    Reason,
    RegistrationStatus,
    RemoteStartStopStatus,
    ResetStatus,
    UnlockStatus,
)
from ostler.sim import authorising, charging, reserving
from ostler.sim.answers import profiles
from ostler.sim.machine import Phase, Signal
from ostler.sim.memory import Reservation
from ostler.sim.station import Connector, Station

_START_DELAY_S = 0.1
"""Time for the answer to leave before what follows from it."""
_RESTART_DELAY_S = 1.0
_LONGEST_FAREWELL_S = 10.0


def remote_start(
    station: Station, request: v16.RemoteStartTransactionRequest, now: datetime
) -> v16.RemoteStartTransactionResponse:
    """OCPP 1.6 §5.11: with AuthorizeRemoteTxRequests the token is asked about first."""
    connector = _startable(station, request.connector_id)
    profile = request.charging_profile
    if (
        connector is None
        or station.registration is not RegistrationStatus.ACCEPTED
        or (profile is not None and not profiles.fits_remote_start(station, profile))
    ):
        return v16.RemoteStartTransactionResponse(status=RemoteStartStopStatus.REJECTED)
    number = connector.number

    def go(info: IdTagInfo, at: datetime) -> None:
        if not authorising.is_accepted(info):
            station.tell(at, number, f"remote start refused: {request.id_tag} is {info.status.value}")
        elif (
            charging.accept(station, connector, request.id_tag, info.parent_id_tag, at)
            and profile is not None
        ):
            profiles.install(station, number, profile, at)
            charging.adjust(station, connector, at)

    def begin(at: datetime) -> None:
        if station.configuration.flag("AuthorizeRemoteTxRequests"):
            authorising.authorise(station, request.id_tag, at, go)
        else:
            go(IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED), at)

    station.after(now, _START_DELAY_S, begin)
    return v16.RemoteStartTransactionResponse(status=RemoteStartStopStatus.ACCEPTED)


def remote_stop(
    station: Station, request: v16.RemoteStopTransactionRequest, now: datetime
) -> v16.RemoteStopTransactionResponse:
    """OCPP 1.6 §5.12: only a transaction that runs here."""
    names = {each.name: number for number, each in station.memory.transactions.items()}
    known = station.memory.numbers
    number = next((n for name, n in names.items() if known.get(name) == request.transaction_id), None)
    if number is None:
        return v16.RemoteStopTransactionResponse(status=RemoteStartStopStatus.REJECTED)
    connector = station.connectors[number]
    station.after(now, _START_DELAY_S, lambda at: charging.end(station, connector, Reason.REMOTE, at))
    return v16.RemoteStopTransactionResponse(status=RemoteStartStopStatus.ACCEPTED)


def reserve_now(station: Station, request: v16.ReserveNowRequest, now: datetime) -> v16.ReserveNowResponse:
    wanted = Reservation(
        id=request.reservation_id,
        connector=request.connector_id,
        id_tag=request.id_tag,
        parent=request.parent_id_tag,
        expires_at=request.expiry_date,
    )
    return v16.ReserveNowResponse(status=reserving.reserve(station, wanted, now))


def cancel_reservation(
    station: Station, request: v16.CancelReservationRequest, now: datetime
) -> v16.CancelReservationResponse:
    done = reserving.cancel(station, request.reservation_id, now)
    status = CancelReservationStatus.ACCEPTED if done else CancelReservationStatus.REJECTED
    return v16.CancelReservationResponse(status=status)


def change_availability(
    station: Station, request: v16.ChangeAvailabilityRequest, now: datetime
) -> v16.ChangeAvailabilityResponse:
    """OCPP 1.6 §5.2: Scheduled while a transaction runs; the choice outlives a restart."""
    number = request.connector_id
    if number not in {0, *station.connectors}:
        return v16.ChangeAvailabilityResponse(status=AvailabilityStatus.REJECTED)
    if request.type == v16.AvailabilityType.OPERATIVE:
        station.memory.inoperative.discard(number)
    else:
        station.memory.inoperative.add(number)
    touched = [each for each in station.connectors.values() if number in {0, each.number}]
    scheduled = [_apply_availability(station, connector, now) for connector in touched]
    station.report_whole(now)
    status = AvailabilityStatus.SCHEDULED if any(scheduled) else AvailabilityStatus.ACCEPTED
    return v16.ChangeAvailabilityResponse(status=status)


def unlock_connector(
    station: Station, request: v16.UnlockConnectorRequest, now: datetime
) -> v16.UnlockConnectorResponse:
    """OCPP 1.6 §5.18: a transaction is ended first; an unknown connector is NotSupported (errata 3.85)."""
    connector = station.connectors.get(request.connector_id)
    if connector is None or not station.model.unlocks:
        return v16.UnlockConnectorResponse(status=UnlockStatus.NOT_SUPPORTED)
    if connector.error is v16.ChargePointErrorCode.CONNECTOR_LOCK_FAILURE:
        return v16.UnlockConnectorResponse(status=UnlockStatus.UNLOCK_FAILED)
    charging.end(station, connector, Reason.UNLOCK_COMMAND, now)
    return v16.UnlockConnectorResponse(status=UnlockStatus.UNLOCKED)


def reset(station: Station, request: v16.ResetRequest, now: datetime) -> v16.ResetResponse:
    """End what runs, then restart: soft when everything is told, hard at once (errata 3.36)."""
    soft = request.type == v16.ResetType.SOFT

    def farewell(at: datetime) -> None:
        if len(station.outbox) and at < now + timedelta(seconds=_LONGEST_FAREWELL_S):
            station.after(at, _RESTART_DELAY_S, farewell)
        else:
            station.restart_at = at

    def go(at: datetime) -> None:
        for connector in station.connectors.values():
            charging.end(station, connector, Reason.SOFT_RESET if soft else Reason.HARD_RESET, at)
        if soft:
            station.after(at, _RESTART_DELAY_S, farewell)
        else:
            station.restart_at = at

    station.after(now, _START_DELAY_S, go)
    return v16.ResetResponse(status=ResetStatus.ACCEPTED)


def _apply_availability(station: Station, connector: Connector, now: datetime) -> bool:
    """Bring a connector in line with what was chosen; True when that has to wait for a transaction's end."""
    if connector.phase is Phase.FAULTED:
        return False  # it shows when the fault is gone
    operative = station.operative(connector.number)
    connector.disable_later = not operative and station.transaction(connector.number) is not None
    if connector.disable_later:
        return True
    if operative:
        station.signal(connector, Signal.ENABLE, now)
        if connector.car is not None and connector.phase is Phase.AVAILABLE:
            station.signal(connector, Signal.PLUG, now)
    else:
        connector.holder = None
        if connector.phase is Phase.PREPARING:
            station.signal(connector, Signal.UNPLUG, now)
        station.signal(connector, Signal.DISABLE, now)
    return False


def _startable(station: Station, number: int | None) -> Connector | None:
    """The connector that a remote start means: with none named, one with a car, else a free one."""
    usable = (Phase.AVAILABLE, Phase.PREPARING, Phase.FINISHING, Phase.RESERVED)
    free = [
        each
        for each in station.connectors.values()
        if each.phase in usable and station.transaction(each.number) is None
    ]
    if number is not None:
        return next((each for each in free if each.number == number), None)
    return min(free, key=lambda each: each.car is None, default=None)
