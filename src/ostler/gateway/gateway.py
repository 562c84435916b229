"""The gateway from start to stop: listeners, one sweep for everybody, records that follow the database."""

from __future__ import annotations

import asyncio
import contextlib
import resource
from collections.abc import Mapping
from typing import Final, NamedTuple

import structlog

from ostler.bus.local import Bus
from ostler.dialects.base import Dialect
from ostler.domain.events import StationChanged
from ostler.gateway.counters import Counters
from ostler.gateway.directory import Directory
from ostler.gateway.entrance import Entrance
from ostler.gateway.seats import Seats
from ostler.gateway.settings import GatewaySettings
from ostler.gateway.socket import GOING_AWAY, Pause, StationSocket
from ostler.gateway.tasks import Tasks
from ostler.gateway.tls import Certificate
from ostler.services import presence
from ostler.store.store import Store

_log = structlog.get_logger()
_FLUSH_S: Final = 60.0
_CERTIFICATE_S: Final = 10.0
# 2,000 stations that come back at once must not meet a full backlog.
_BACKLOG: Final = 4096


class Ports(NamedTuple):
    """Where stations connect, None where there is no listener."""

    plain: int | None
    tls: int | None


class Gateway:
    """The stations' side of the server. Create, start and stop it in the running event loop."""

    def __init__(
        self, store: Store, bus: Bus, settings: GatewaySettings, dialects: Mapping[str, Dialect]
    ) -> None:
        self._store = store
        self._bus = bus
        self._settings = settings
        self._tasks = Tasks()
        self._directory = Directory(store)
        self._seats = Seats(store, bus, settings, self._directory, self._tasks)
        self._entrance = Entrance(self._seats, self._directory, dialects)
        self._certificate: Certificate | None = None
        self._servers: list[asyncio.Server] = []
        self.ports = Ports(None, None)

    @property
    def counters(self) -> Counters:
        """What was counted since the start."""
        return self._seats.counters

    async def start(self) -> None:
        """Listen; raises `OSError` when a port is taken and when certificate or key cannot be read."""
        settings = self._settings
        _allow_many_files()
        await self._store.write(presence.nobody_connected)
        await self._directory.load()
        await self._tasks.start()
        self._bus.listen(StationChanged, self._changed)
        plain = await self._listen(settings.port, None) if settings.plain else None
        tls = None
        if settings.tls_port is not None and settings.tls_certificate and settings.tls_key:
            self._certificate = Certificate(settings.tls_certificate, settings.tls_key)
            tls = await self._listen(settings.tls_port, self._certificate)
        self.ports = Ports(plain, tls)
        self._tasks.spawn(self._sweep_for_ever(), "sweep")

    async def stop(self) -> None:
        """Take in nobody, answer what was asked, say goodbye; ends within `drain_s`."""
        self._entrance.closed = True
        self._bus.unlisten(StationChanged, self._changed)
        for server in self._servers:
            server.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._settings.drain_s):
                await self._drain()
        for socket in [*self._entrance.sockets]:
            socket.abort(GOING_AWAY, "the server stopped")
        self._seats.flush_seen()
        await self._tasks.stop()
        # Aborted transports are closed by callbacks; the store must not go before the last of them.
        await asyncio.sleep(0)

    def refresh(self) -> None:
        """Read all records anew: another process has written to the database."""
        self._tasks.spawn(self._refresh_all(), "directory")

    def reload_certificate(self) -> None:
        """Use the certificate files anew (SIGHUP)."""
        if self._certificate is not None:
            self._certificate.reload(force=True)

    def sweep(self, now: float) -> None:
        """Look after all sockets and calls, given the event loop's time."""
        for socket in [*self._entrance.sockets]:
            socket.sweep(now)
        self._seats.tick(now)

    async def _listen(self, port: int, certificate: Certificate | None) -> int:
        loop = asyncio.get_running_loop()
        settings, entrance = self._settings, self._entrance
        tls = certificate is not None
        server = await loop.create_server(
            lambda: StationSocket(entrance, settings, loop, tls=tls),
            settings.host,
            port,
            backlog=_BACKLOG,
            ssl=certificate.context if certificate is not None else None,
            ssl_handshake_timeout=settings.tls_handshake_timeout_s if tls else None,
        )
        self._servers.append(server)
        bound: int = server.sockets[0].getsockname()[1]
        return bound

    async def _sweep_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        flushed = checked = loop.time()
        while True:
            await asyncio.sleep(self._settings.sweep_s)
            now = loop.time()
            self.sweep(now)
            if now - flushed >= _FLUSH_S:
                flushed = now
                self._seats.flush_seen()
            if self._certificate is not None and now - checked >= _CERTIFICATE_S:
                checked = now
                self._certificate.reload()

    async def _drain(self) -> None:
        """Read nothing more, let the writer empty its queue, close."""
        sockets = [*self._entrance.sockets]
        for socket in sockets:
            if socket.open_:
                socket.pause(Pause.DRAINING)
        # The queue is first in, first out: when this is through, so is all that stations asked.
        await self._store.write(lambda _db: None)
        for socket in sockets:
            socket.close(GOING_AWAY, "the server stops")
        while self._entrance.sockets:
            await asyncio.sleep(0.02)
            self.sweep(asyncio.get_running_loop().time())

    def _changed(self, event: StationChanged) -> None:
        self._directory.changed(event.station)
        self._tasks.spawn(self._refresh(event.station), "directory")

    async def _refresh(self, identity: str) -> None:
        record = await self._directory.refresh(identity)
        if record is None:
            self._seats.remove(identity)
        else:
            self._seats.update(record)

    async def _refresh_all(self) -> None:
        changed, gone = await self._directory.load()
        for record in changed:
            self._seats.update(record)
        for identity in gone:
            self._seats.remove(identity)


def _allow_many_files() -> None:
    """One file per connection: raise the soft limit as far as the system lets us."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
