"""Who is connected: stations that are served, strangers that wait, and who pushes out whom."""

from __future__ import annotations

import time
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

import structlog

from ostler.bus.local import Bus
from ostler.dialects.base import Dialect
from ostler.gateway.connection import Connection, ignore
from ostler.gateway.counters import Counters
from ostler.gateway.directory import Directory, ping_interval_s
from ostler.gateway.settings import GatewaySettings
from ostler.gateway.socket import POLICY, StationSocket
from ostler.gateway.strangers import Stranger
from ostler.gateway.tasks import Tasks
from ostler.ocpp.handshake import UpgradeRequest
from ostler.services import presence
from ostler.services.stations import Record
from ostler.store.database import Db
from ostler.store.store import Store
from ostler.store.writer import NOTHING, Work

_log = structlog.get_logger()
_STRANGERS_PER_SECOND = 1.0
_STRANGERS_BURST = 20


class Seats:
    """The owner of all connections."""

    def __init__(
        self, store: Store, bus: Bus, settings: GatewaySettings, directory: Directory, tasks: Tasks
    ) -> None:
        self.store = store
        self.settings = settings
        self.counters = Counters()
        self.live: dict[str, Connection] = {}
        self.strangers: dict[str, Stranger] = {}
        self._bus = bus
        self._directory = directory
        self._tasks = tasks
        self._calling: set[Connection] = set()
        self._flushed_at = 0.0

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Run a task that the gateway owns."""
        self._tasks.spawn(work, what)

    def sit(
        self,
        socket: StationSocket,
        request: UpgradeRequest,
        dialect: Dialect,
        record: Record,
        *,
        subprotocol: str | None,
        wants_key: bool = False,
    ) -> None:
        """Serve a station on `socket` from now on; whoever served it before is replaced."""
        old = self.live.get(record.id)
        if old is not None:
            self._replace(old, socket)
        record = self._directory.raise_epoch(record)
        connection = Connection(self, socket, dialect, record, wants_key=wants_key)
        self._seat(connection, record)
        socket.open(
            request,
            subprotocol=subprotocol,
            listener=connection,
            ping_interval_s=ping_interval_s(record, self.settings),
            heartbeat_s=record.heartbeat_interval_s,
            close_frame=record.close_frame,
            per_second=self.settings.messages_per_second,
            burst=self.settings.message_burst,
        )

    def wait(
        self, socket: StationSocket, request: UpgradeRequest, dialect: Dialect, *, subprotocol: str | None
    ) -> None:
        """Let a stranger wait on `socket`."""
        identity = request.identity or ""
        old = self.strangers.pop(identity, None)
        if old is not None:
            old.socket.close(POLICY, "connection replaced")
        stranger = Stranger(
            socket,
            dialect,
            identity,
            store=self.store,
            retry_s=self.settings.stranger_retry_s,
            gone=self._stranger_gone,
        )
        self.strangers[identity] = stranger
        socket.open(
            request,
            subprotocol=subprotocol,
            listener=stranger,
            ping_interval_s=self.settings.ping_interval_s,
            heartbeat_s=None,
            close_frame=True,
            per_second=_STRANGERS_PER_SECOND,
            burst=_STRANGERS_BURST,
        )

    def update(self, record: Record) -> None:
        """A station's record changed; a stranger that is known now is served at once."""
        connection = self.live.get(record.id)
        if connection is not None:
            if connection.pk == record.pk and connection.epoch == record.epoch:
                connection.update(record)
            else:
                connection.close(POLICY, "the station was removed and added anew")
        stranger = self.strangers.pop(record.id, None)
        if stranger is not None:
            self._promote(stranger, record)

    def remove(self, identity: str) -> None:
        """A station is no more."""
        connection = self.live.get(identity)
        if connection is not None:
            connection.close(POLICY, "the station was removed")

    def gone(self, connection: Connection) -> None:
        """The connection serves its station no longer; another one may have taken its place."""
        if self.live.get(connection.station) is connection:
            del self.live[connection.station]
        self._bus.release(connection.station, connection)
        self._calling.discard(connection)

    def calling(self, connection: Connection) -> None:
        """The connection has a call open whose time-out must be watched."""
        self._calling.add(connection)

    def tick(self, now: float) -> None:
        """End the calls whose time is over."""
        for connection in [*self._calling]:
            if not connection.tick(now):
                self._calling.discard(connection)

    def flush_seen(self) -> None:
        """Keep when each station was last heard of, of those that were heard of since the last time."""
        # A clock that was set back must not make everybody look unheard of until it has caught up.
        since, self._flushed_at = min(self._flushed_at, time.time()), time.time()
        seen = [
            (connection.pk, at)
            for connection in self.live.values()
            if (at := connection.seen_at(self._flushed_at)).timestamp() > since
        ]
        if seen:
            self.store.submit(Work(presence.seen, (seen,), ignore, NOTHING))

    def _seat(self, connection: Connection, record: Record) -> None:
        """Enter the connection everywhere; that it is here is stored before anything that it says."""
        self.live[record.id] = connection
        self._bus.hold(record.id, connection)
        self.counters.connections += 1
        now, address, version = datetime.now(UTC), connection.socket.address, connection.version.value

        def store_begin(db: Db) -> None:
            presence.connected(
                db,
                record.pk,
                station=record.id,
                epoch=record.epoch,
                version=version,
                address=address,
                at=now,
            )

        self.store.submit(Work(store_begin, (), ignore, NOTHING))

    def _replace(self, old: Connection, socket: StationSocket) -> None:
        self.counters.take_overs += 1
        self.notice(
            old.pk,
            old.station,
            "security",
            "DuplicateConnection",
            {"old": old.socket.address, "new": socket.address},
        )
        old.replace()

    def _promote(self, stranger: Stranger, record: Record) -> None:
        """A person accepted it while it waited: the same socket serves it from now on."""
        socket = stranger.socket
        if not socket.alive:
            return
        if record.security_profile > 0 or record.key_hash is not None:
            socket.close(POLICY, "come again with your password")
            return
        record = self._directory.raise_epoch(record)
        connection = Connection(self, socket, stranger.dialect, record)
        self._seat(connection, record)
        socket.hand_over(connection)
        socket.allow(self.settings.messages_per_second, self.settings.message_burst)
        connection.update(record)
        connection.ask_to_boot()
        _log.info("a stranger was accepted", station=record.id)

    def notice(self, pk: int, station: str, kind: str, status: str, data: Any, *, once: bool = False) -> None:
        """Note something about a connection for a person."""
        now = datetime.now(UTC)

        def store_notice(db: Db) -> None:
            presence.notice(db, pk, station=station, kind=kind, status=status, data=data, at=now, once=once)

        self.store.submit(Work(store_notice, (), ignore, NOTHING))

    def _stranger_gone(self, stranger: Stranger) -> None:
        if self.strangers.get(stranger.identity) is stranger:
            del self.strangers[stranger.identity]
