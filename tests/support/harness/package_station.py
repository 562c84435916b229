"""A charging station on the PyPI package `ocpp`, which was written by others: an independent judge."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call, call_result
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from harness.station import credentials

HASHES = {"hash_algorithm": "SHA256", "issuer_name_hash": "aa", "issuer_key_hash": "bb", "serial_number": "1"}
ANSWERS: dict[str, Any] = {
    "CancelReservation": call_result.CancelReservation(status="Accepted"),
    "CertificateSigned": call_result.CertificateSigned(status="Accepted"),
    "ChangeAvailability": call_result.ChangeAvailability(status="Accepted"),
    "ChangeConfiguration": call_result.ChangeConfiguration(status="Accepted"),
    "ClearCache": call_result.ClearCache(status="Accepted"),
    "ClearChargingProfile": call_result.ClearChargingProfile(status="Accepted"),
    "DataTransfer": call_result.DataTransfer(status="Accepted", data="done"),
    "DeleteCertificate": call_result.DeleteCertificate(status="Accepted"),
    "ExtendedTriggerMessage": call_result.ExtendedTriggerMessage(status="Accepted"),
    "GetCompositeSchedule": call_result.GetCompositeSchedule(
        status="Accepted",
        connector_id=1,
        charging_schedule={
            "charging_rate_unit": "A",
            "charging_schedule_period": [{"start_period": 0, "limit": 16}],
        },
    ),
    "GetConfiguration": call_result.GetConfiguration(
        configuration_key=[{"key": "HeartbeatInterval", "readonly": False, "value": "300"}]
    ),
    "GetDiagnostics": call_result.GetDiagnostics(file_name="diagnostics.log"),
    "GetInstalledCertificateIds": call_result.GetInstalledCertificateIds(
        status="Accepted", certificate_hash_data=[HASHES]
    ),
    "GetLocalListVersion": call_result.GetLocalListVersion(list_version=0),
    "GetLog": call_result.GetLog(status="Accepted", filename="security.log"),
    "InstallCertificate": call_result.InstallCertificate(status="Accepted"),
    "RemoteStartTransaction": call_result.RemoteStartTransaction(status="Accepted"),
    "RemoteStopTransaction": call_result.RemoteStopTransaction(status="Accepted"),
    "ReserveNow": call_result.ReserveNow(status="Accepted"),
    "Reset": call_result.Reset(status="Accepted"),
    "SendLocalList": call_result.SendLocalList(status="Accepted"),
    "SetChargingProfile": call_result.SetChargingProfile(status="Accepted"),
    "SignedUpdateFirmware": call_result.SignedUpdateFirmware(status="Accepted"),
    "TriggerMessage": call_result.TriggerMessage(status="Accepted"),
    "UnlockConnector": call_result.UnlockConnector(status="Unlocked"),
    "UpdateFirmware": call_result.UpdateFirmware(),
}
"""What a station may be asked, and what this one answers."""


def _handler(action: str) -> Any:
    def answer(self: PackageStation, **payload: Any) -> Any:
        self.received.append((action, payload))
        return ANSWERS[action]

    # The package finds handlers by the names of their functions.
    answer.__name__ = f"answer_{action}"
    return on(action)(answer)


class PackageStation(ChargePoint):
    """`received` are the requests that passed the package's validation, in its snake_case."""

    def __init__(self, identity: str, socket: Any) -> None:
        super().__init__(identity, socket, response_timeout=15)
        self.received: list[tuple[str, dict[str, Any]]] = []

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.received]

    def last(self, action: str) -> dict[str, Any]:
        """The newest request of that name."""
        return next(payload for name, payload in reversed(self.received) if name == action)

    async def boots(self) -> None:
        answer = await self.call(
            call.BootNotification(charge_point_vendor="Ostler", charge_point_model="Package"), suppress=False
        )
        assert answer.status == "Accepted"


for _action in ANSWERS:
    setattr(PackageStation, f"answer_{_action}", _handler(_action))


@asynccontextmanager
async def package_station(
    url: str, identity: str = "CP1", *, key: str | None = None, booted: bool = True
) -> AsyncIterator[PackageStation]:
    """Connect and, if wanted, boot; the package's own loop reads the socket."""
    async with (
        connect(
            f"{url}/{identity}",
            subprotocols=["ocpp1.6"],
            additional_headers=credentials(identity, key) if key is not None else {},
            close_timeout=1,
        ) as socket,
        asyncio.TaskGroup() as group,
    ):
        station = PackageStation(identity, socket)
        reading = group.create_task(_read(station))
        if booted:
            await station.boots()
        yield station
        reading.cancel()


async def _read(station: PackageStation) -> None:
    try:
        await station.start()
    except ConnectionClosed:
        return
