"""A station's side of the conversation without I/O: boot, heartbeat, restart, calls and answers.

The shell (`client.py`, or a test) tells what happened and when; `take` says what to send next.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ostler.ocpp import v16
from ostler.ocpp.base import Request, Response
from ostler.ocpp.errors import ErrorCode
from ostler.ocpp.events import Answered, Cancelled, Failed, Outcome, TimedOut
from ostler.ocpp.v16 import Reason, RegistrationStatus
from ostler.sim import answers, charging, reserving
from ostler.sim.machine import Signal
from ostler.sim.station import Station

_RETRY_S = 60
"""Wait before the next BootNotification when the answer leaves it to us (OCPP 1.6 §4.2)."""


class Conversation:
    """One station that talks."""

    def __init__(self, station: Station, now: datetime) -> None:
        self.station = station
        station.boot_at = now
        self._heartbeat_at: datetime | None = None
        self._resume(now)

    @property
    def hangs_up(self) -> bool:
        """Whether the station is off: the shell closes the connection and comes back later."""
        return self.station.off_until is not None

    def connected(self, now: datetime) -> None:
        """A connection is open: boot, unless the station was accepted before and merely reconnects."""
        station = self.station
        station.online = True
        station.tell(now, 0, "connected")
        if station.registration is RegistrationStatus.ACCEPTED:
            station.report_all(now, again=False)
        else:
            # A wait that the central system asked for goes on over a reconnect.
            station.boot_at = max(station.boot_at or now, now)

    def disconnected(self, now: datetime, why: str) -> None:
        """The connection is gone; the station goes on by itself."""
        if self.station.online:
            self.station.online = False
            self.station.tell(now, 0, f"offline: {why}")
        self.station.outbox.drop(now, why)

    def answer(self, request: Request[Any], now: datetime) -> Response:
        """Return the answer to a request of the central system; raises `OcppError`."""
        self.station.tell(now, 0, f"asked for {request.action}")
        return answers.answer(self.station, request, now)

    def take(self, now: datetime) -> Request[Any] | None:
        """Return the next call to make; `ended` must be told how it went before there is another."""
        station = self.station
        if not station.online or self.hangs_up:
            return None
        wants_to_boot = (
            station.registration is not RegistrationStatus.ACCEPTED and station.boot_at is not None
        )
        if wants_to_boot and station.boot_at is not None and now >= station.boot_at:
            station.boot_at = None
            self._boot()
        return station.outbox.take(now, accepted=station.accepted)

    def ended(self, outcome: Outcome, now: datetime) -> None:
        """The call that `take` returned is over."""
        station = self.station
        if not station.outbox.ended(outcome, now):
            self._kept_ended(outcome, now)
        if isinstance(outcome, Failed) and outcome.code is ErrorCode.SECURITY_ERROR and station.accepted:
            # A central system that forgot us refuses everything until we boot (OCPP-J 1.6 errata 3.8).
            station.registration = None
            station.boot_at = now

    def tick(self, now: datetime) -> None:
        """Let time pass."""
        station = self.station
        if station.off_until is not None:
            if now >= station.off_until:
                station.off_until = None
                self._resume(now)
            return
        due = [entry for entry in station.later if entry[0] <= now]
        station.later = [entry for entry in station.later if entry[0] > now]
        for _, action in due:
            action(now)
        reserving.expire(station, now)
        charging.tick(station, now)
        if station.accepted and self._heartbeat_at is not None and now >= self._heartbeat_at:
            station.outbox.say(v16.HeartbeatRequest())
            self._heartbeat_at = now + timedelta(seconds=self._heartbeat_s())
        if station.restart_at is not None and now >= station.restart_at:
            self._restart(now)

    def _boot(self) -> None:
        station = self.station
        model = station.model
        request = v16.BootNotificationRequest(
            charge_point_vendor=model.vendor,
            charge_point_model=model.model,
            charge_point_serial_number=station.identity[-25:],
            firmware_version=station.memory.firmware or model.firmware,
            meter_type=model.meter_type,
        )
        station.outbox.say(request, self._booted, asked=True)

    def _booted(self, outcome: Outcome, now: datetime) -> None:
        station = self.station
        if not isinstance(outcome, Answered) or not isinstance(
            outcome.response, v16.BootNotificationResponse
        ):
            if not isinstance(outcome, Cancelled):
                station.boot_at = now + timedelta(seconds=_RETRY_S)
            return
        answer = outcome.response
        station.registration = answer.status
        station.tell(now, 0, f"boot {answer.status.value}, interval {answer.interval} s")
        if answer.status is not RegistrationStatus.ACCEPTED:
            station.boot_at = now + timedelta(seconds=answer.interval if answer.interval > 0 else _RETRY_S)
            return
        if answer.interval > 0:
            station.configuration.write("HeartbeatInterval", str(answer.interval))
        self._heartbeat_at = now + timedelta(seconds=self._heartbeat_s())
        # OCPP 1.6 errata 3.22: the status of connector 0 and of all connectors.
        station.report_all(now, again=True)
        waiting, station.after_restart = station.after_restart, []
        for action in waiting:
            action(now)

    def _kept_ended(self, outcome: Outcome, now: datetime) -> None:
        """A transaction message was answered, refused, or never answered."""
        station = self.station
        match outcome:
            case Answered(response):
                entry = station.outbox.queue.delivered(response)
                if isinstance(response, v16.StartTransactionResponse) and entry.transaction is not None:
                    charging.started(station, entry.transaction, response, now)
            case Failed() | TimedOut():
                keys = station.configuration
                given_up = station.outbox.queue.failed(
                    now,
                    attempts=keys.number("TransactionMessageAttempts", 3),
                    interval_s=keys.number("TransactionMessageRetryInterval", 60),
                )
                if given_up is not None:
                    station.tell(now, 0, f"gave {given_up.action} up")
            case Cancelled():
                pass  # no attempt was made or none has failed: it goes first on the next connection

    def _heartbeat_s(self) -> int:
        return self.station.configuration.number("HeartbeatInterval") or 86_400

    def _restart(self, now: datetime) -> None:
        """Go off; what is remembered stays, what was going on does not."""
        station = self.station
        station.tell(now, 0, "restarts")
        station.restart_at = None
        station.off_until = now + timedelta(seconds=station.model.boot_s)
        station.registration = None
        station.later.clear()
        station.configuration.reboot()
        for connector in station.connectors.values():
            connector.meter.offer(0, now)
            connector.holder = None

    def _resume(self, now: datetime) -> None:
        """Come up: transactions that a power cut left open are ended, cables that are in are noticed."""
        station = self.station
        for number, transaction in list(station.memory.transactions.items()):
            connector = station.connectors.get(number)
            if connector is None:
                del station.memory.transactions[number]
                continue
            station.tell(now, number, f"ends the transaction of {transaction.id_tag} after a power cut")
            charging.end(station, connector, Reason.POWER_LOSS, max(now, transaction.started_at))
        for connector in station.connectors.values():
            connector.phase = v16.ChargePointStatus.AVAILABLE
            connector.changed_at = None
            if not station.operative(connector.number):
                station.signal(connector, Signal.DISABLE, now)
            elif connector.error is not v16.ChargePointErrorCode.NO_ERROR:
                station.signal(connector, Signal.FAULT, now)
            elif connector.car is not None:
                station.signal(connector, Signal.PLUG, now)
        reserving.restore(station, now)
