"""A dialect just large enough to test the gateway: it stores, fails and waits on demand."""

from __future__ import annotations

import base64
import threading
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select, update

from ostler.dialects.base import Caller, Dialect, Inbound
from ostler.dialects.v16.strangers import introduce
from ostler.domain.commands import (
    ClearCache,
    CommandResult,
    GetLocalListVersion,
    SetKey,
    StartCharging,
    Trigger,
)
from ostler.domain.words import Result
from ostler.ocpp import v16
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.services import stations as service
from ostler.store.database import Db
from ostler.store.schema import stations
from ostler.store.statements import Query, Write

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
ANSWERS = {"accepted": "Accepted", "pending": "Pending", "rejected": "Rejected"}
GATE = threading.Event()
GATE.set()

_REGISTER = Write(
    update(stations)
    .where(stations.c.pk == bindparam("station_pk"))
    .values(registration=bindparam("answer"), booted_at=bindparam("at"))
)


class _Boot(NamedTuple):
    boot: str


_BOOT = Query(select(stations.c.boot).where(stations.c.pk == bindparam("station_pk")), into=_Boot)


def credentials(user: str, key: str | bytes) -> str:
    secret = key.encode() if isinstance(key, str) else key
    return "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()


def boot(db: Db, inbound: Inbound[Any]) -> v16.BootNotificationResponse:
    [policy] = db.one(_BOOT, station_pk=inbound.pk)
    db.run(_REGISTER, station_pk=inbound.pk, answer=ANSWERS[policy], at=inbound.received_at)
    return v16.BootNotificationResponse(
        status=v16.RegistrationStatus(ANSWERS[policy]), current_time=NOW, interval=300
    )


def heartbeat(_db: Db, _inbound: Inbound[Any]) -> v16.HeartbeatResponse:
    return v16.HeartbeatResponse(current_time=NOW)


def status(_db: Db, inbound: Inbound[Any]) -> v16.StatusNotificationResponse:
    inbound.connector = inbound.request.connector_id
    match inbound.request.info:
        case "fail":
            raise RuntimeError("a fault of ours")
        case "refuse":
            raise OcppError(ErrorCode.GENERIC_ERROR, "as you wish")
        case "wait":
            assert GATE.wait(10)
        case _:
            pass
    return v16.StatusNotificationResponse()


def stop(_db: Db, inbound: Inbound[Any]) -> v16.StopTransactionResponse:
    inbound.transaction = str(inbound.request.transaction_id)
    return v16.StopTransactionResponse()


def data_transfer(_db: Db, _inbound: Inbound[Any]) -> v16.DataTransferResponse:
    return v16.DataTransferResponse(status=v16.DataTransferStatus.ACCEPTED)


async def clear_cache(station: Caller, _command: ClearCache) -> CommandResult:
    answer = await station.call(v16.ClearCacheRequest())
    return CommandResult(result=Result(answer.status.value.lower()))


async def list_version(station: Caller, _command: GetLocalListVersion) -> CommandResult:
    answer = await station.call(v16.GetLocalListVersionRequest(), timeout_s=0.05)
    return CommandResult(result=Result.ACCEPTED, data=answer.list_version)


async def start(station: Caller, command: StartCharging) -> CommandResult:
    answer = await station.call(v16.RemoteStartTransactionRequest(id_tag=command.token))
    return CommandResult(result=Result(answer.status.value.lower()))


async def trigger(station: Caller, command: Trigger) -> CommandResult:
    message = v16.MessageTrigger(command.message)
    await station.call(v16.TriggerMessageRequest(requested_message=message))
    return CommandResult(result=Result.ACCEPTED)


async def set_key(station: Caller, command: SetKey) -> CommandResult:
    value = command.key if len(command.key) == 40 else command.key.encode().hex()
    await station.call(v16.ChangeConfigurationRequest(key="AuthorizationKey", value=value))
    await station.store.write(service.set_key, station.pk, command.key, confirmed=False, now=station.now())
    return CommandResult(result=Result.ACCEPTED)


DIALECT = Dialect(
    version="1.6",
    subprotocol="ocpp1.6",
    requests=v16.REQUESTS,
    answers={
        v16.BootNotificationRequest: boot,
        v16.HeartbeatRequest: heartbeat,
        v16.StatusNotificationRequest: status,
        v16.StopTransactionRequest: stop,
        v16.DataTransferRequest: data_transfer,
    },
    sends={
        ClearCache: clear_cache,
        GetLocalListVersion: list_version,
        StartCharging: start,
        Trigger: trigger,
        SetKey: set_key,
    },
    refused={"SignCertificate": "Certificates come later."},
    kept_actions=frozenset({"StopTransaction"}),
    introduce=introduce,
)
