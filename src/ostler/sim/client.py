"""A virtual station on a real socket: the loop around `Conversation`, with its clock, connection and file."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ostler.ocpp.base import Request, Version
from ostler.ocpp.errors import OcppError
from ostler.ocpp.events import CallEnded, CallReceived, CallRefused, Event
from ostler.ocpp.peer import Peer
from ostler.sim import memory as memories
from ostler.sim.conversation import Conversation
from ostler.sim.link import Link, LinkError, Target, connect
from ostler.sim.model import Model
from ostler.sim.station import Station, Told, Upload
from ostler.sim.uploads import upload

_SHORTEST_WAIT_S = 1.0
_LONGEST_WAIT_S = 60.0


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What a virtual station is and where it connects. `tick_s` is how often it looks at its clock."""

    identity: str
    model: Model
    target: Target
    fixed: Mapping[str, str] = {}
    speed: float = 1.0
    state: Path | None = None
    tick_s: float = 0.2
    call_timeout_s: float = 30.0


def wall_clock() -> datetime:
    """The time as stations write it: UTC, whole milliseconds."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class Client:
    """One running station. `run` goes on until it is cancelled; everything else may be called meanwhile."""

    def __init__(
        self,
        setup: Setup,
        *,
        listener: Callable[[Told], None] | None = None,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self.setup = setup
        self.clock = clock
        self._memory = memories.load(setup.state)
        now = clock()
        self.station = Station(
            setup.identity,
            setup.model,
            self._memory,
            now=now,
            speed=setup.speed,
            fixed={"SecurityProfile": _security_profile(setup.target), **setup.fixed},
            listener=listener,
        )
        self.conversation = Conversation(self.station, now)
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._link: Link | None = None
        self._peer: Peer | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._saved = b""
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Live: keep the connection, let time pass; ends by cancellation, with a close frame."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                group.create_task(self._tick())
                group.create_task(self._stay_connected())
        finally:
            self._group = None
            if self._link is not None:
                self._link.close(1001)
            self._save()

    def go_offline(self) -> None:
        """Lose the network, without a close frame, until `come_back`."""
        self._wanted.clear()
        if self._link is not None:
            self._link.close(politely=False)

    def come_back(self) -> None:
        self._wanted.set()

    def step(self) -> None:
        """Say what there is to say and wake who waits; call it after doing anything to the station."""
        self._speak()
        self._start_uploads()
        self._save()
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; looked at whenever something happened."""
        while not condition():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(self.setup.tick_s)
            now = self.clock()
            self.conversation.tick(now)
            if self._peer is not None:
                self._handle(self._peer.tick(time.monotonic()))
            if self.conversation.hangs_up and self._link is not None:
                self._link.close(1000)
            self.step()

    async def _stay_connected(self) -> None:
        wait_s = _SHORTEST_WAIT_S
        while True:
            await self._wanted.wait()
            await self.until(lambda: not self.conversation.hangs_up)
            try:
                link = await connect(self._target(), self.setup.identity)
            except LinkError as error:
                self.station.tell(self.clock(), 0, f"no connection: {error}")
                # Spread, so that stations that were cut off together do not come back together.
                await asyncio.sleep(wait_s * random.uniform(0.5, 1.0))
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
                continue
            if not self._wanted.is_set():
                link.close(politely=False)
                continue
            async with self._open(link):
                try:
                    await self._converse(link)
                except LinkError as error:
                    self._lost(str(error))
            wait_s = _SHORTEST_WAIT_S
            if not self.conversation.hangs_up:
                await asyncio.sleep(_SHORTEST_WAIT_S * random.uniform(0.2, 1.0))

    def _target(self) -> Target:
        """Where to connect, with the key that the central system may have set meanwhile."""
        key = self._memory.configuration.get("AuthorizationKey")
        target = self.setup.target
        return msgspec.structs.replace(target, password=_key_bytes(key)) if key else target

    @contextlib.asynccontextmanager
    async def _open(self, link: Link) -> AsyncIterator[None]:
        """Let the link be the station's for as long as the block lasts."""
        self._link = link
        self._peer = Peer(Version.V16, call_timeout_s=self.setup.call_timeout_s)
        self.conversation.connected(self.clock())
        self.step()
        try:
            async with asyncio.TaskGroup() as group:
                pinging = group.create_task(self._ping(link))
                try:
                    yield
                finally:
                    pinging.cancel()
        finally:
            link.close(1001)
            self._link = self._peer = None

    async def _converse(self, link: Link) -> None:
        while True:
            text = await link.receive()
            peer = self._peer
            if peer is None or self.conversation.hangs_up:
                raise LinkError("the station is off")
            self._handle(peer.receive(text, time.monotonic()))
            self.step()

    async def _ping(self, link: Link) -> None:
        while True:
            await asyncio.sleep(self.station.configuration.number("WebSocketPingInterval") or 3_600)
            link.ping()

    def _lost(self, why: str) -> None:
        if self._peer is not None:
            self._peer.close(why)
        self.conversation.disconnected(self.clock(), why)
        self.step()

    def _handle(self, events: Sequence[Event]) -> None:
        for event in events:
            match event:
                case CallReceived(id_, _, request):
                    self._answer(id_, request)
                case CallRefused() if self._link is not None:
                    self._link.send(event.frame)
                case CallEnded(_, outcome):
                    self.conversation.ended(outcome, self.clock())
                case _:
                    pass  # answers to nothing, and frames that cannot be read, change nothing

    def _answer(self, id_: str, request: Request[Any]) -> None:
        peer, link = self._peer, self._link
        if peer is None or link is None:
            return
        try:
            frame = peer.answer(id_, self.conversation.answer(request, self.clock()))
        except OcppError as error:
            frame = peer.refuse(id_, error)
        link.send(frame)

    def _speak(self) -> None:
        peer, link = self._peer, self._link
        if peer is None or link is None:
            return
        request = self.conversation.take(self.clock())
        if request is not None:
            peer.call(request, time.monotonic(), key=None)
        while (frame := peer.take()) is not None:
            link.send(frame)

    def _start_uploads(self) -> None:
        if self._group is not None:
            uploads, self.station.uploads = self.station.uploads, []
            for each in uploads:
                self._group.create_task(self._upload(each))

    async def _upload(self, wanted: Upload) -> None:
        failure = await asyncio.to_thread(upload, wanted.location, wanted.file_name, wanted.content)
        now = self.clock()
        if failure is not None:
            self.station.tell(now, 0, f"upload failed: {failure}")
        wanted.done(failure is None, now)
        self.step()

    def _save(self) -> None:
        """Write the memory when it changed, if the station has a file."""
        if self.setup.state is None:
            return
        encoded = msgspec.json.encode(self._memory)
        if encoded != self._saved:
            self._saved = encoded
            memories.save(self._memory, self.setup.state)


def _key_bytes(key: str) -> bytes:
    """The key travels in hexadecimal digits and is used as the bytes they stand for (errata 3.10)."""
    try:
        return bytes.fromhex(key)
    except ValueError:
        return key.encode()


def _security_profile(target: Target) -> str:
    """0 to 2 as the security whitepaper numbers them."""
    if target.url.startswith("wss:"):
        return "2"
    return "0" if target.password is None else "1"
