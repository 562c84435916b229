"""A charging station on the PyPI client `websockets`, which sends whatever it is told to."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from harness.schemas import judge_response

BOOT = {"chargePointVendor": "Ostler", "chargePointModel": "Test"}


class RefusedError(Exception):
    """A CALLERROR; `args` are its code and description."""


class Station:
    """Each answer is judged by the schema. What the server asks in between is kept in `asked`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.asked: list[list[Any]] = []
        self._number = 0

    async def send(self, text: str) -> None:
        """Any text, as it is."""
        await self.socket.send(text)

    async def frame(self) -> list[Any]:
        """The next frame of the server."""
        async with asyncio.timeout(15):
            return json.loads(await self.socket.recv())

    async def answer_to(self, id_: str) -> list[Any]:
        """The next CALLRESULT or CALLERROR of that id; the server's own calls are put aside."""
        while (frame := await self.frame())[0] == 2:
            self.asked.append(frame)
        assert frame[1] == id_, frame
        return frame

    async def call(
        self, action: str, payload: dict[str, Any] | None = None, *, id_: str | None = None
    ) -> dict[str, Any]:
        """Ask, and return the answer; raises `RefusedError`."""
        self._number += 1
        id_ = id_ or f"s{self._number}"
        await self.send(json.dumps([2, id_, action, payload or {}]))
        frame = await self.answer_to(id_)
        if frame[0] == 4:
            raise RefusedError(*frame[2:4])
        judge_response(action, frame[2])
        return frame[2]

    async def reply(self, payload: dict[str, Any]) -> list[Any]:
        """Answer the server's next call; returns that call."""
        frame = self.asked.pop(0) if self.asked else await self.frame()
        assert frame[0] == 2, frame
        await self.send(json.dumps([3, frame[1], payload]))
        return frame

    async def close_code(self) -> int | None:
        """Wait until the server has closed."""
        async with asyncio.timeout(15):
            await self.socket.wait_closed()
        return self.socket.close_code


def credentials(user: str, key: str) -> dict[str, str]:
    """The header of HTTP Basic authentication."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode()}


@asynccontextmanager
async def open_station(
    url: str, identity: str = "CP1", *, key: str | None = None, booted: bool = False, **options: Any
) -> AsyncIterator[Station]:
    """Connect; `booted` sends the BootNotification as well."""
    async with connect(
        f"{url}/{identity}",
        subprotocols=["ocpp1.6"],
        additional_headers=credentials(identity, key) if key is not None else {},
        ping_interval=None,
        close_timeout=1,
        open_timeout=15,
        **options,
    ) as socket:
        station = Station(socket)
        if booted:
            assert (await station.call("BootNotification", BOOT))["status"] == "Accepted"
        yield station
