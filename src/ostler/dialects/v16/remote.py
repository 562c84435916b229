"""Starting, stopping, unlocking and asking for a message from afar."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec
from sqlalchemy import bindparam, select

from ostler.dialects.base import Caller, CallFailed
from ostler.dialects.v16.asking import ask, failed, number, outcome, read
from ostler.domain.commands import CommandResult, StartCharging, StopCharging, Trigger, Unlock
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.ocpp.base import Word
from ostler.services import profiles
from ostler.services.faults import nearest
from ostler.store.database import Db
from ostler.store.schema import transactions
from ostler.store.statements import Query


class _Transaction(NamedTuple):
    station: int
    ocpp_id: str
    ended_at: datetime | None


TRANSACTION = Query(
    select(transactions.c.station, transactions.c.ocpp_id, transactions.c.ended_at).where(
        transactions.c.pk == bindparam("pk")
    ),
    _Transaction,
)


async def start_charging(station: Caller, command: StartCharging) -> CommandResult:
    """RemoteStartTransaction; whether the token may charge is decided when the station reports the start."""
    connector = number(command.connector, command.evse)
    profile = None
    if command.charging_profile is not None:
        profile = read(command.charging_profile, v16.ChargingProfile, what="charging profile")
        if profile.charging_profile_purpose is not v16.ChargingProfilePurposeType.TX_PROFILE:
            return failed("A remote start takes a TxProfile only: set chargingProfilePurpose to TxProfile.")
        # OCPP 1.6 §5.16.2: the transaction does not exist yet, so its id shall not be set.
        profile = msgspec.structs.replace(profile, transaction_id=None)
    request = v16.RemoteStartTransactionRequest(
        connector_id=connector or None, id_tag=command.token, charging_profile=profile
    )
    answer = await ask(station, request)
    if answer.status is v16.RemoteStartStopStatus.ACCEPTED and profile is not None and connector:
        await station.store.write(profiles.install, station.pk, connector, profile, now=station.now())
    return outcome(
        answer.status,
        {
            "Accepted": "The station will start charging; it reports the transaction when it has begun.",
            "Rejected": "The station refused to start: see whether the cable is plugged in, the connector "
            "is free and the token is one that the station takes.",
        },
    )


async def stop_charging(station: Caller, command: StopCharging) -> CommandResult:
    """RemoteStopTransaction, for an open transaction of this station only."""
    found = await station.store.read(_transaction, command.transaction_id)
    if found is None:
        return failed(f"There is no transaction {command.transaction_id}.")
    if found.station != station.pk:
        return failed(f"Transaction {command.transaction_id} runs at another station: order it there.")
    if found.ended_at is not None:
        return failed(f"Transaction {command.transaction_id} has ended already.")
    if not found.ocpp_id.removeprefix("-").isdecimal():
        return failed(
            f"The station never learnt a number for transaction {command.transaction_id}: unlock the "
            "connector."
        )
    answer = await ask(station, v16.RemoteStopTransactionRequest(transaction_id=int(found.ocpp_id)))
    return outcome(
        answer.status,
        {
            "Accepted": "The station will stop charging; it reports the end of the transaction.",
            "Rejected": "The station does not know this transaction as running. If it goes on, unlock the "
            "connector or reset the station.",
        },
    )


async def unlock(station: Caller, command: Unlock) -> CommandResult:
    """UnlockConnector; a running transaction is stopped first by the station (OCPP 1.6 §5.18)."""
    connector = number(command.connector, command.evse)
    if connector < 1:
        return failed("Name a connector from 1: the station as a whole has no lock.")
    answer = await ask(station, v16.UnlockConnectorRequest(connector_id=connector))
    if answer.status is v16.UnlockStatus.UNLOCKED:
        return CommandResult(result=Result.ACCEPTED, detail="The connector is unlocked.")
    return outcome(
        answer.status,
        {
            "UnlockFailed": "The lock did not open: relieve the plug by pushing it in, then try again.",
            "NotSupported": "This connector has no lock, or the station has no such connector.",
        },
    )


async def trigger(station: Caller, command: Trigger) -> CommandResult:
    """TriggerMessage, or ExtendedTriggerMessage where only that knows the message or the station."""
    plain = _word(v16.MessageTrigger, command.message)
    extended = _word(v16.MessageTriggerEnumType, command.message)
    # OCPP 1.6 §5.17: a connector is named only where the message is about one.
    connector = number(command.connector, command.evse) or None
    status: Word | None = None
    if plain is not None:
        status = await _trigger(
            station, v16.TriggerMessageRequest(requested_message=plain, connector_id=connector)
        )
    if extended is not None and (status is None or status.value == "NotImplemented"):
        status = await _trigger(
            station, v16.ExtendedTriggerMessageRequest(requested_message=extended, connector_id=connector)
        )
    if status is None:
        known = [
            *(word.value for word in v16.MessageTrigger),
            *(word.value for word in v16.MessageTriggerEnumType),
        ]
        return failed(
            f'OCPP 1.6 cannot ask for "{command.message}".{nearest(command.message, known)}'
            f" Known are: {', '.join(sorted(set(known)))}."
        )
    return outcome(
        status,
        {
            "Accepted": f"The station will send {command.message}.",
            "Rejected": f"The station will not send {command.message} now"
            + (" for this connector." if connector else "; some want a connector to be named."),
            "NotImplemented": f"The station cannot be asked for {command.message}.",
        },
    )


async def _trigger(
    station: Caller, request: v16.TriggerMessageRequest | v16.ExtendedTriggerMessageRequest
) -> Word:
    """The status that the station answers; a message that it does not know is not implemented."""
    try:
        if isinstance(request, v16.TriggerMessageRequest):
            return (await ask(station, request)).status
        return (await ask(station, request)).status
    except CallFailed as error:
        if error.outcome is not Result.NOT_SUPPORTED:
            raise
        return v16.TriggerMessageStatus.NOT_IMPLEMENTED


W = TypeVar("W", bound=Word)


def _word(words: type[W], text: str) -> W | None:
    return next((word for word in words if word.value.casefold() == text.casefold()), None)


def _transaction(db: Db, pk: int) -> _Transaction | None:
    return db.one(TRANSACTION, pk=pk)
