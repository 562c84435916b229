"""A station's parts and what all topics do with them: connectors, memory, keys, what is to be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import msgspec

from ostler.ocpp import v16
from ostler.ocpp.events import Answered, Outcome
from ostler.ocpp.v16 import ChargePointErrorCode, RegistrationStatus
from ostler.sim.configuration import Configuration
from ostler.sim.machine import Phase, Signal, step
from ostler.sim.memory import Memory, OpenTransaction
from ostler.sim.meter import Car, Meter
from ostler.sim.model import Model
from ostler.sim.outbox import Outbox
from ostler.sim.queue import TransactionQueue


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a person who watches wants to know; `connector` 0 is the whole station."""

    at: datetime
    identity: str
    connector: int
    text: str


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """Whose token was accepted, and until when a cable is waited for."""

    id_tag: str
    parent: str | None
    until: datetime


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that the shell is to send, since it alone does I/O; `done` is told whether it worked."""

    location: str
    file_name: str
    content: bytes
    done: Callable[[bool, datetime], None]


class Connector:
    """One connector as it is now."""

    def __init__(self, number: int, meter: Meter) -> None:
        self.number = number
        self.meter = meter
        self.phase = Phase.AVAILABLE
        self.error = ChargePointErrorCode.NO_ERROR
        self.car: Car | None = None
        self.holder: Holder | None = None
        self.disable_later = False
        self.changed_at: datetime | None = None
        self.reported: tuple[Phase, ChargePointErrorCode] | None = None
        self.sample_at: datetime | None = None
        self.remembered_at: datetime | None = None


class Station:
    """Everything about one station but the rules, which are in the topics (`charging`, `answers`, ...).

    Whoever watches gets a `Told` for each event; `fixed` replaces values of the model's keys.
    """

    def __init__(
        self,
        identity: str,
        model: Model,
        memory: Memory,
        *,
        now: datetime,
        speed: float = 1.0,
        fixed: Mapping[str, str] | None = None,
        listener: Callable[[Told], None] | None = None,
    ) -> None:
        self.identity = identity
        self.model = model
        self.memory = memory
        self.configuration = Configuration(
            model.keys, memory.configuration, {"NumberOfConnectors": str(model.connectors), **(fixed or {})}
        )
        self.outbox = Outbox(TransactionQueue(memory.queue, memory.numbers))
        self.connectors = self._new_connectors(now, speed)
        self.error = ChargePointErrorCode.NO_ERROR
        self.reported: tuple[Phase, ChargePointErrorCode] | None = None
        self.registration: RegistrationStatus | None = None
        self.online = False
        self.boot_at: datetime | None = None
        self.restart_at: datetime | None = None
        self.off_until: datetime | None = None
        self.aligned_at: datetime | None = None
        self.uploads: list[Upload] = []
        self.later: list[tuple[datetime, Callable[[datetime], None]]] = []
        self.after_restart: list[Callable[[datetime], None]] = []
        self.statuses = Statuses()
        self._listener = listener
        for connector in self.connectors.values():
            if not self.operative(connector.number):
                connector.phase = Phase.UNAVAILABLE

    def _new_connectors(self, now: datetime, speed: float) -> dict[int, Connector]:
        model, registers_wh = self.model, self.memory.registers_wh
        return {
            number: Connector(
                number,
                Meter(
                    register_wh=registers_wh.get(number, model.register_wh),
                    phases=model.phases,
                    now=now,
                    speed=speed,
                ),
            )
            for number in range(1, model.connectors + 1)
        }

    @property
    def accepted(self) -> bool:
        """Whether the central system has accepted the station and can be reached."""
        return self.online and self.registration is RegistrationStatus.ACCEPTED

    @property
    def phase(self) -> Phase:
        """The status of connector 0: the station as a whole."""
        if self.error is not ChargePointErrorCode.NO_ERROR:
            return Phase.FAULTED
        return Phase.UNAVAILABLE if 0 in self.memory.inoperative else Phase.AVAILABLE

    def operative(self, number: int) -> bool:
        return not self.memory.inoperative & {0, number}

    def transaction(self, number: int) -> OpenTransaction | None:
        return self.memory.transactions.get(number)

    def tell(self, now: datetime, connector: int, text: str) -> None:
        """Let whoever watches know."""
        if self._listener is not None:
            self._listener(Told(at=now, identity=self.identity, connector=connector, text=text))

    def after(self, now: datetime, seconds: float, action: Callable[[datetime], None]) -> None:
        """Do something later; a restart forgets it."""
        self.later.append((now + timedelta(seconds=seconds), action))

    def security_event(self, kind: str, now: datetime) -> None:
        """Tell of something that the security whitepaper lists."""
        self.outbox.say(v16.SecurityEventNotificationRequest(type=kind, timestamp=now))

    def signal(self, connector: Connector, signal: Signal, now: datetime) -> None:
        """Let something happen to a connector and report its status if that changed it."""
        phase = step(connector.phase, signal)
        if phase is not connector.phase:
            connector.phase = phase
            connector.changed_at = now
            self.tell(now, connector.number, f"is {phase.value}")
            self.report(connector, now)

    def report(self, connector: Connector, now: datetime, *, asked: bool = False) -> None:
        """Send the status: when it is news that has lasted MinimumStatusDuration, or when `asked`."""
        wait_s = self.configuration.number("MinimumStatusDuration")
        lasted = connector.changed_at is None or now - connector.changed_at >= timedelta(seconds=wait_s)
        if asked or (self.accepted and connector.reported != (connector.phase, connector.error) and lasted):
            self._send_status(connector, connector.number, connector.changed_at or now, asked=asked)

    def report_whole(self, now: datetime, *, asked: bool = False) -> None:
        """Send the status of connector 0, if it is news or `asked` for."""
        if asked or (self.accepted and self.reported != (self.phase, self.error)):
            self._send_status(self, 0, now, asked=asked)

    def _send_status(self, of: Connector | Station, number: int, at: datetime, *, asked: bool) -> None:
        """Send a status; one that does not arrive counts as not reported."""
        of.reported = (of.phase, of.error)

        def ended(outcome: Outcome, _: datetime) -> None:
            if not isinstance(outcome, Answered):
                of.reported = None

        request = v16.StatusNotificationRequest(
            connector_id=number, status=of.phase, error_code=of.error, timestamp=at
        )
        self.outbox.say(request, ended, asked=asked)

    def report_all(self, now: datetime, *, again: bool) -> None:
        """Send every status; without `again` only those that changed since they were last told."""
        if again:
            self.reported = None
        self.report_whole(now)
        for connector in self.connectors.values():
            if again:
                connector.reported = None
            self.report(connector, now)


class Statuses(msgspec.Struct, kw_only=True):
    """How far downloads and uploads are, for who asks by TriggerMessage."""

    firmware: v16.FirmwareStatus = v16.FirmwareStatus.IDLE
    signed_firmware: v16.FirmwareStatusEnumType = v16.FirmwareStatusEnumType.IDLE
    signed_request: int | None = None
    diagnostics: v16.DiagnosticsStatus = v16.DiagnosticsStatus.IDLE
    log: v16.UploadLogStatusEnumType = v16.UploadLogStatusEnumType.IDLE
    log_request: int | None = None
