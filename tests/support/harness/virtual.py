"""A virtual station without sockets, the central system that plays to it, and a clock that tests move."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ostler.ocpp import v16
from ostler.ocpp.base import Request, Response
from ostler.ocpp.errors import ErrorCode
from ostler.ocpp.events import Answered, Failed, Outcome, TimedOut
from ostler.sim import charging
from ostler.sim.conversation import Conversation
from ostler.sim.devices.generic import MODEL
from ostler.sim.memory import Memory
from ostler.sim.meter import Car
from ostler.sim.model import Model
from ostler.sim.station import Connector, Station, Told

NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
CAR = Car(max_a=32, phases=3, capacity_wh=80_000, soc=20)
ACCEPTED = v16.IdTagInfo(status=v16.AuthorizationStatus.ACCEPTED)
REFUSED = Failed(ErrorCode.INTERNAL_ERROR, "", {}, b"")
SILENT = TimedOut()


class Csms:
    """Plays the central system to a station without sockets; the clock moves only when a test says so."""

    def __init__(self, memory: Memory | None = None, model: Model = MODEL, **fixed: str) -> None:
        self.now = NOW
        self.told: list[Told] = []
        self.said: list[Request[Any]] = []
        self.memory = memory or Memory()
        self.station = Station("CP1", model, self.memory, now=NOW, fixed=fixed, listener=self.told.append)
        self.conversation = Conversation(self.station, NOW)
        self.started = 0
        self.answers: dict[type[Request[Any]], Response | Outcome] = {
            v16.BootNotificationRequest: boot_answer(),
            v16.AuthorizeRequest: v16.AuthorizeResponse(id_tag_info=ACCEPTED),
            v16.HeartbeatRequest: v16.HeartbeatResponse(current_time=NOW),
            v16.SignCertificateRequest: v16.SignCertificateResponse(
                status=v16.GenericStatusEnumType.REJECTED
            ),
        }

    def connect(self) -> Csms:
        self.conversation.connected(self.now)
        return self.talk()

    def disconnect(self) -> Csms:
        self.conversation.disconnected(self.now, "cable cut")
        return self

    def talk(self) -> Csms:
        """Take and answer what the station has to say."""
        while (request := self.conversation.take(self.now)) is not None:
            self.said.append(request)
            self.conversation.ended(self._outcome(request), self.now)
        return self

    def wait(self, seconds: float, step_s: float = 1.0) -> Csms:
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            self.now = min(self.now + timedelta(seconds=step_s), end)
            self.conversation.tick(self.now)
            self.talk()
        return self

    def ask(self, request: Request[Any]) -> Any:
        """Ask and let the station say what follows from it within a second."""
        answer = self.conversation.answer(request, self.now)
        self.talk()
        self.wait(0.5, 0.5)
        return answer

    def connector(self, number: int = 1) -> Connector:
        return self.station.connectors[number]

    def plug(self, number: int = 1, car: Car = CAR) -> Csms:
        charging.plug(self.station, self.connector(number), car, self.now)
        return self.talk()

    def unplug(self, number: int = 1) -> Csms:
        charging.unplug(self.station, self.connector(number), self.now)
        return self.talk()

    def card(self, id_tag: str = "ANNA", number: int = 1) -> Csms:
        charging.present_card(self.station, self.connector(number), id_tag, self.now)
        return self.talk()

    def heard(self, kind: type[Request[Any]]) -> list[Any]:
        return [request for request in self.said if isinstance(request, kind)]

    def statuses(self, number: int = 1) -> list[str]:
        heard = self.heard(v16.StatusNotificationRequest)
        return [each.status.value for each in heard if each.connector_id == number]

    def _outcome(self, request: Request[Any]) -> Outcome:
        answer = self.answers.get(type(request))
        if isinstance(request, v16.StartTransactionRequest) and answer is None:
            self.started += 1
            answer = v16.StartTransactionResponse(id_tag_info=ACCEPTED, transaction_id=100 + self.started)
        if answer is None:
            answer = request.response_type()
        return Answered(answer, b"", ()) if isinstance(answer, Response) else answer


def boot_answer(
    status: v16.RegistrationStatus = v16.RegistrationStatus.ACCEPTED, interval: int = 300
) -> v16.BootNotificationResponse:
    return v16.BootNotificationResponse(status=status, current_time=NOW, interval=interval)


def profile(limit: float = 10, **fields: Any) -> v16.ChargingProfile:
    """A TxDefaultProfile of one period in amperes, unless `fields` say otherwise."""
    unit = fields.pop("unit", v16.ChargingRateUnitType.A)
    start = fields.pop("start", NOW)
    duration = fields.pop("duration", None)
    periods = fields.pop("periods", [v16.ChargingSchedulePeriod(start_period=0, limit=limit)])
    return v16.ChargingProfile(
        **{
            "charging_profile_id": 1,
            "stack_level": 0,
            "charging_profile_purpose": v16.ChargingProfilePurposeType.TX_DEFAULT_PROFILE,
            "charging_profile_kind": v16.ChargingProfileKindType.ABSOLUTE,
            "charging_schedule": v16.ChargingSchedule(
                charging_rate_unit=unit,
                charging_schedule_period=periods,
                start_schedule=start,
                duration=duration,
            ),
        }
        | fields
    )
