"""A central system on the PyPI packages `ocpp` and `websockets`, for virtual stations."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import websockets
from ocpp.routing import on
from ocpp.v16 import ChargePoint, call_result

from ostler.sim.client import Setup
from ostler.sim.devices import MODELS
from ostler.sim.link import Target

ACCEPTED = {"status": "Accepted"}


class Central(ChargePoint):
    """One connected station, as the package `ocpp` sees it; all that is told goes to the server's list."""

    def __init__(self, identity: str, connection: Any, server: Server) -> None:
        super().__init__(identity, connection)
        self.server = server

    def note(self, action: str, **fields: Any) -> None:
        self.server.told.append((action, fields))

    @on("BootNotification")
    def boot(self, **fields: Any) -> Any:
        self.note("BootNotification", **fields)
        now = datetime.now(UTC).isoformat()
        return call_result.BootNotification(current_time=now, interval=300, status="Accepted")

    @on("StatusNotification")
    def status(self, **fields: Any) -> Any:
        self.note("StatusNotification", **fields)
        return call_result.StatusNotification()

    @on("Authorize")
    def authorize(self, **fields: Any) -> Any:
        self.note("Authorize", **fields)
        return call_result.Authorize(id_tag_info=ACCEPTED)

    @on("StartTransaction")
    def start_transaction(self, **fields: Any) -> Any:
        self.note("StartTransaction", **fields)
        self.server.transactions += 1
        return call_result.StartTransaction(transaction_id=self.server.transactions, id_tag_info=ACCEPTED)

    @on("MeterValues")
    def meter_values(self, **fields: Any) -> Any:
        self.note("MeterValues", **fields)
        return call_result.MeterValues()

    @on("StopTransaction")
    def stop_transaction(self, **fields: Any) -> Any:
        self.note("StopTransaction", **fields)
        return call_result.StopTransaction()

    @on("DiagnosticsStatusNotification")
    def diagnostics(self, **fields: Any) -> Any:
        self.note("DiagnosticsStatusNotification", **fields)
        return call_result.DiagnosticsStatusNotification()


class Server:
    """The central system. `refuse` answers every upgrade with 401."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.transactions = 100
        self.stations: list[Central] = []
        self.credentials: list[str | None] = []
        self.paths: list[str] = []
        self.refuse = False
        self.port = 0

    def heard(self, action: str) -> list[dict[str, Any]]:
        return [fields for name, fields in self.told if name == action]

    def look(self, connection: Any, request: Any) -> Any:
        self.credentials.append(request.headers.get("Authorization"))
        self.paths.append(request.path)
        return connection.respond(HTTPStatus.UNAUTHORIZED, "no\n") if self.refuse else None

    async def serve(self, connection: Any) -> None:
        station = Central("CP1", connection, self)
        self.stations.append(station)
        with suppress(websockets.ConnectionClosed):
            await station.start()

    def setup(self, **fields: Any) -> Setup:
        target = Target(url=f"ws://127.0.0.1:{self.port}/ocpp", password=fields.pop("password", None))
        given = {"identity": "CP1", "model": MODELS["generic"], "target": target, "tick_s": 0.01}
        return Setup(**(given | fields))


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    """A server on a free port."""
    server = Server()
    async with websockets.serve(
        server.serve, "127.0.0.1", 0, subprotocols=["ocpp1.6"], process_request=server.look
    ) as listener:
        server.port = next(iter(listener.sockets)).getsockname()[1]
        yield server
