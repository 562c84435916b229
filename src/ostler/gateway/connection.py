"""A station that is served: its questions go to the writer and come back as answers, our orders go to it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar

import msgspec
import structlog

from ostler.dialects.base import CallFailed, Dialect
from ostler.domain.commands import Command, CommandResult, RawCall, SetKey, Trigger
from ostler.domain.words import Boot, Result
from ostler.gateway.counters import Counters
from ostler.gateway.directory import ping_interval_s
from ostler.gateway.exchange import (
    ACCEPTED,
    INTERNAL_ERROR,
    Exchange,
    ignored_row,
    log_only,
    refused_row,
)
from ostler.gateway.orders import Order, as_raw_result, response_of
from ostler.gateway.settings import GatewaySettings
from ostler.gateway.socket import POLICY, Pause, StationSocket
from ostler.ocpp import frames
from ostler.ocpp.base import Request, Response, Version
from ostler.ocpp.errors import ErrorCode, OcppError
from ostler.ocpp.events import CallEnded, CallReceived, CallRefused, Event, FrameIgnored, Outcome
from ostler.ocpp.peer import Peer, QueueFullError
from ostler.services import keys, presence
from ostler.services.stations import Record
from ostler.store.store import Store
from ostler.store.writer import NOTHING, Work

R = TypeVar("R", bound=Response)
_log = structlog.get_logger()
_PENDING: Final = "Pending"
_REJECTED: Final = "Rejected"
# A 1.6 station waits for its answer before it asks again; one that does not is slowed down beyond so many.
_MOST_UNANSWERED: Final = 100
_ENOUGH_ANSWERED: Final = 50


class Owner(Protocol):
    """What a connection needs of the gateway."""

    store: Store
    settings: GatewaySettings
    counters: Counters

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Run a task that the gateway owns."""

    def gone(self, connection: Connection) -> None:
        """The connection serves its station no longer."""

    def calling(self, connection: Connection) -> None:
        """The connection has a call open whose time-out somebody must watch."""


def ignore(_result: object, error: BaseException | None) -> None:
    """Take note that something nobody waits for is stored; the writer's health shows a failure."""
    if error is not None:
        _log.warning("not stored", error=str(error))


class Connection:
    """Serves one station over one socket; the bus' holder of it and the dialect's caller.

    `epoch` tells it from the connections before and after it. `wants_key`: the station came in through the
    joining window and is to be given a key once it is registered.
    """

    __slots__ = (
        "_asked_to_boot",
        "_dialect",
        "_live",
        "_loop",
        "_orders",
        "_owner",
        "_peer",
        "_policy",
        "_registration",
        "_unanswered",
        "epoch",
        "pk",
        "socket",
        "station",
        "store",
        "version",
        "wants_key",
    )

    def __init__(
        self,
        owner: Owner,
        socket: StationSocket,
        dialect: Dialect,
        record: Record,
        *,
        wants_key: bool = False,
    ) -> None:
        settings = owner.settings
        self._owner = owner
        self.store = owner.store
        self.socket = socket
        self.station = record.id
        self.pk = record.pk
        self.epoch = record.epoch
        self.version = Version(dialect.version)
        self.wants_key = wants_key
        self._dialect = dialect
        self._loop = asyncio.get_running_loop()
        self._peer = Peer(
            self.version,
            strict=record.strict,
            call_timeout_s=settings.call_timeout_s,
            max_queue=settings.max_queued_calls,
        )
        self._orders: deque[Order] = deque()
        self._policy = record.boot
        self._registration = record.registration
        self._asked_to_boot = record.registration is not None
        self._unanswered = 0
        self._live = True

    # --- what the station says

    def text(self, payload: bytes, now: float) -> None:
        """A message of the station."""
        for event in self._peer.receive(payload, now):
            if type(event) is CallReceived:
                self._asked(event)
            else:
                self._other(event)

    def ended(self, code: int, reason: str) -> None:
        """The socket is gone: orders end at once, and late answers are dropped."""
        if not self._live:
            return
        self._live = False
        self._end_calls(reason)
        self._owner.gone(self)
        now = datetime.now(UTC)
        seen_at = self.seen_at(time.time())

        def store_end(db: Any) -> None:
            presence.disconnected(
                db,
                self.pk,
                station=self.station,
                epoch=self.epoch,
                code=code,
                reason=reason[:200],
                seen_at=seen_at,
                at=now,
            )

        self.store.submit(Work(store_end, (), ignore, NOTHING))

    def seen_at(self, wall: float) -> datetime:
        """When the last byte came, given the time."""
        return datetime.fromtimestamp(wall - (self._loop.time() - self.socket.last_in), UTC)

    def _asked(self, call: CallReceived) -> None:
        dialect = self._dialect
        action = call.action
        boots = action in dialect.boot_actions
        gated = self._registration != ACCEPTED and not boots and self._kept_waiting(action)
        answer = dialect.answers.get(type(call.request))
        if answer is None:
            reason = dialect.refused.get(action, "A station cannot ask this of a central system.")
            self._refuse(call, OcppError(ErrorCode.NOT_SUPPORTED, reason))
            return
        self._unanswered += 1
        if self._unanswered > _MOST_UNANSWERED:
            self.socket.pause(Pause.BUSY)
        exchange = Exchange(
            self,
            call,
            answer,
            gated=gated,
            boots=boots,
            careful=type(call.request) in dialect.careful,
        )
        self.store.submit(Work(exchange.run, (), exchange.done, self.pk))

    def _kept_waiting(self, action: str) -> bool:
        """Whether a station that is not registered may not say this.

        What belongs to a transaction is kept all the same when nothing but its boot is missing: a refused
        StopTransaction would be sent again for ever, or lost.
        """
        return not (self._policy == Boot.ACCEPTED and action in self._dialect.kept_actions)

    def answered(self, exchange: Exchange, frame: bytes | None, error: BaseException | None) -> None:
        """What the station told is durable, or `error` says why not: answer it."""
        self._unanswered -= 1
        if self._unanswered == _ENOUGH_ANSWERED:
            self.socket.resume(Pause.BUSY)
        call = exchange.call
        if error is None and frame is not None:
            self._owner.counters.count("in", call.action, exchange.outcome)
        else:
            frame = frames.encode_error(call.id, INTERNAL_ERROR, self.version)
            self._owner.counters.count("in", call.action, "failed")
            _log.error(
                "a message could not be stored", station=self.station, action=call.action, error=repr(error)
            )
        if not self._live:
            return
        self.socket.send(frame)
        if exchange.boots and error is None:
            self._booted(exchange.registration)
        elif exchange.gated and exchange.outcome == "error":
            self.ask_to_boot()

    def _booted(self, registration: str | None) -> None:
        self._registration = registration
        self._asked_to_boot = True
        if registration == ACCEPTED and self.wants_key:
            self.wants_key = False
            self._owner.spawn(self._give_key(), "a key for a new station")

    def ask_to_boot(self) -> None:
        """A station that was never registered here talks: it changed its central system without a reboot."""
        if not self._asked_to_boot:
            self._asked_to_boot = True
            self._owner.spawn(self._order(Trigger(message="BootNotification")), "a trigger")

    async def _give_key(self) -> None:
        result = await self.execute(SetKey(key=keys.make_key()))
        _log.info(
            "key for a new station", station=self.station, result=result.result.value, detail=result.detail
        )

    async def _order(self, command: Command) -> None:
        await self.execute(command)

    def _refuse(self, call: CallReceived, error: OcppError) -> None:
        self._owner.counters.count("in", call.action, "error")
        self.socket.send(frames.encode_error(call.id, error, self.version))
        row = refused_row(self, error, call.raw, action=call.action, id_=call.id, deviations=call.deviations)
        self.store.submit(Work(log_only, (row,), ignore, NOTHING))

    def _other(self, event: Event) -> None:
        match event:
            case CallEnded(key, outcome) if isinstance(key, Order):
                self._ended_call(key, outcome)
                self._write_calls()
            case CallRefused(id=id_, action=action, raw=raw, frame=frame, error=error):
                known = action if action in self._dialect.requests else ""
                self._owner.counters.count("in", known, "error" if action else "malformed")
                self.socket.send(frame)
                row = refused_row(self, error, raw, action=action, id_=id_)
                self.store.submit(Work(log_only, (row,), ignore, NOTHING))
                self._write_calls()
            case FrameIgnored(reason=reason, raw=raw):
                self._owner.counters.count("in", "", "ignored")
                self.store.submit(Work(log_only, (ignored_row(self, raw, reason),), ignore, NOTHING))
            case _:
                self._write_calls()

    # --- what is ordered of the station

    def now(self) -> datetime:
        """The time, whole seconds: some stations refuse fractions."""
        return datetime.now(UTC).replace(microsecond=0)

    async def execute(self, command: Command) -> CommandResult:
        """Carry out an order; never raises for what a station does or fails to do."""
        try:
            if isinstance(command, RawCall):
                return await self._raw(command)
            sender = self._dialect.sends.get(type(command))
            if sender is None:
                detail = f"OCPP {self.version.value} has no message for this."
                return CommandResult(result=Result.NOT_SUPPORTED, detail=detail)
            return await sender(self, command)
        except CallFailed as failure:
            return CommandResult(result=failure.outcome, detail=failure.detail)

    async def call(self, request: Request[R], *, timeout_s: float | None = None) -> R:
        """Send and wait for the answer; raises `CallFailed` when there is none."""
        outcome = await self._ask(request, timeout_s)
        response: Any = response_of(outcome, self.version)
        return response  # type: ignore[no-any-return]  # the peer decoded it as the request's response type

    async def _raw(self, command: RawCall) -> CommandResult:
        kind = self._dialect.requests.get(command.action)
        if kind is None:
            detail = f"OCPP {self.version.value} has no message {command.action}."
            return CommandResult(result=Result.NOT_SUPPORTED, detail=detail)
        try:
            request = msgspec.json.decode(msgspec.json.encode(command.payload), type=kind)
        except msgspec.ValidationError as error:
            return CommandResult(result=Result.ERROR, detail=f"The payload breaks the schema: {error}")
        outcome = await self._ask(request, None)
        data = as_raw_result(outcome, self.version)
        try:
            response = response_of(outcome, self.version)
        except CallFailed as failure:
            return CommandResult(result=failure.outcome, detail=failure.detail, data=data)
        keep = self._dialect.aftermath.get(kind)
        if keep is not None:
            await keep(self, request, response)
        return CommandResult(result=Result.ACCEPTED, data=data)

    async def _ask(self, request: Request[Any], timeout_s: float | None) -> Outcome:
        if not self._live:
            raise CallFailed(Result.OFFLINE, "The station is not connected.")
        self._check_registration(request.action)
        order = Order(request, self._loop)
        try:
            self._peer.call(request, self._loop.time(), key=order, timeout_s=timeout_s)
        except QueueFullError:
            raise CallFailed(
                Result.ERROR, "Too many orders wait for this station; try again later."
            ) from None
        self._orders.append(order)
        self._write_calls()
        return await order.future

    def _check_registration(self, action: str) -> None:
        """OCPP 1.6 §4.2: what may be sent before a station is accepted."""
        if self._registration == _REJECTED:
            raise CallFailed(Result.REJECTED, "The station's boot was rejected: nothing may be sent to it.")
        if self._registration != ACCEPTED and action in self._dialect.starting:
            detail = "The station is not accepted yet: charging can neither be started nor stopped."
            raise CallFailed(Result.REJECTED, detail)

    def _write_calls(self) -> None:
        while (frame := self._peer.take()) is not None:
            if frame[1:2] == b"2":
                self._orders.popleft().sent(frame)
                self._owner.calling(self)
            self.socket.send(frame)

    def _ended_call(self, order: Order, outcome: Outcome) -> None:
        row = order.log_row(self.station, self.epoch, self.version, outcome)
        self._owner.counters.count("out", row.action, row.outcome)
        self.store.submit(Work(log_only, (row,), ignore, NOTHING))
        if not order.future.done():
            order.future.set_result(outcome)

    def _end_calls(self, reason: str) -> None:
        self._orders.clear()
        for event in self._peer.close(reason or "connection lost"):
            self._other(event)

    def tick(self, now: float) -> bool:
        """End a call whose time is over; False when none is open any more."""
        for event in self._peer.tick(now):
            self._other(event)
        return self._peer.deadline is not None

    # --- what people change

    def update(self, record: Record) -> None:
        """Take over what changed in the station's record."""
        self._peer.strict = record.strict
        is_let_in = self._policy == Boot.PENDING and record.boot == Boot.ACCEPTED
        self._policy = record.boot
        if is_let_in and self._registration == _PENDING:
            # Its next boot may be an hour away.
            self._asked_to_boot = False
            self.ask_to_boot()
        self.socket.configure(
            ping_interval_s=ping_interval_s(record, self._owner.settings),
            heartbeat_s=record.heartbeat_interval_s,
            close_frame=record.close_frame,
        )

    def replace(self) -> None:
        """A newer connection of the same station takes over."""
        self.ended(POLICY, "connection replaced")
        self.close(POLICY, "connection replaced")

    def close(self, code: int, reason: str) -> None:
        """End the connection."""
        self.socket.close(code, reason)
