"""A central system as the README of the PyPI package `ocpp` shows it: answers the mix and stores nothing."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
from datetime import UTC, datetime
from typing import Any

from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

NUMBERS = itertools.count(1)


def now() -> str:
    return datetime.now(UTC).isoformat()


class Station(ChargePoint):
    """Answers at once."""

    @on("BootNotification")
    def boot(self, **_said: Any) -> call_result.BootNotification:
        return call_result.BootNotification(current_time=now(), interval=300, status="Accepted")

    @on("Heartbeat")
    def heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(current_time=now())

    @on("StatusNotification")
    def status(self, **_said: Any) -> call_result.StatusNotification:
        return call_result.StatusNotification()

    @on("StartTransaction")
    def start_transaction(self, **_said: Any) -> call_result.StartTransaction:
        return call_result.StartTransaction(transaction_id=next(NUMBERS), id_tag_info={"status": "Accepted"})

    @on("MeterValues")
    def meter_values(self, **_said: Any) -> call_result.MeterValues:
        return call_result.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **_said: Any) -> call_result.StopTransaction:
        return call_result.StopTransaction()


async def served(socket: ServerConnection) -> None:
    station = Station(socket.request.path.strip("/"), socket)
    with contextlib.suppress(ConnectionClosed):
        await station.start()


async def main(port: int) -> None:
    async with serve(
        served, "127.0.0.1", port, subprotocols=["ocpp1.6"], ping_interval=None, compression=None
    ):
        await asyncio.get_running_loop().create_future()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
