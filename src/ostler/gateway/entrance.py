"""The door: who knocks is served, told to wait, or refused in the same words whatever the reason."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from ostler.dialects.base import Dialect
from ostler.gateway.admission import Door, TakeOvers, is_foreign_page, judge, keyed
from ostler.gateway.connection import Connection, ignore
from ostler.gateway.directory import Directory
from ostler.gateway.limits import FailedAttempts
from ostler.gateway.seats import Seats
from ostler.gateway.socket import StationSocket
from ostler.ocpp.handshake import Basic, UpgradeRequest
from ostler.services import keys, stations, waiting_room
from ostler.services.stations import Record
from ostler.store.database import Db
from ostler.store.writer import NOTHING, Work

_REFUSED: Final = "The station is not known here, or its password is wrong."
_TROUBLE: Final = "The server cannot look this up at the moment; try again later."
_FOREIGN_PAGE: Final = "A page of another site may not speak for a station."
_TOO_OFTEN: Final = "Too many attempts; try again later."
_TAKEN: Final = "A station with this identity is connected already."
_DEFAULT: Final = "ocpp1.6"
_PROTOCOL_ERROR: Final = 1002
_MOST_REMEMBERED_TAKE_OVERS: Final = 10_000


class _Spoken(NamedTuple):
    """What was agreed: `subprotocol` None when the station offered none and is taken as 1.6."""

    dialect: Dialect
    subprotocol: str | None


class Entrance:
    """Answers every upgrade request exactly once."""

    def __init__(self, seats: Seats, directory: Directory, dialects: Mapping[str, Dialect]) -> None:
        self._seats = seats
        self._store = seats.store
        self._directory = directory
        self._dialects = {dialect.subprotocol: dialect for dialect in dialects.values()}
        self._failed = FailedAttempts()
        self._take_overs: dict[str, TakeOvers] = {}
        self._loop = asyncio.get_running_loop()
        self.sockets: set[StationSocket] = set()
        self.closed = False

    # --- socket.Doorman

    def came(self, socket: StationSocket) -> bool:
        """A connection was made; False when there are too many."""
        self.sockets.add(socket)
        return len(self.sockets) <= self._seats.settings.max_connections and not self.closed

    def left(self, socket: StationSocket) -> None:
        """The connection is gone."""
        self.sockets.discard(socket)

    def knocked(self, socket: StationSocket, request: UpgradeRequest) -> None:
        """Somebody wants in."""
        identity = request.identity
        if self.closed:
            socket.refuse(503, "The server is stopping; try again later.")
        elif identity is None:
            socket.refuse(404, request.identity_problem or "There is no station here.")
        elif is_foreign_page(request) and not self._seats.settings.allow_foreign_pages:
            self._seats.counters.refused += 1
            socket.refuse(403, _FOREIGN_PAGE)
        else:
            record = self._directory.get(identity)
            door = judge(record, request, tls=socket.tls)
            if not self._directory.fresh(identity):
                self._seats.spawn(
                    self._surely(socket, self._look_again(socket, request, identity)), "admission"
                )
            elif record is not None and door in {Door.SERVED, Door.SERVED_KEY_SHOWN}:
                self._admit(socket, request, record, door)
            elif self._failed.may_try(socket.address, identity, self._loop.time()):
                # Somebody may have added it or changed its key a moment ago, perhaps in another process.
                self._seats.spawn(
                    self._surely(socket, self._look_again(socket, request, identity)), "admission"
                )
            else:
                self._seats.counters.refused += 1
                socket.refuse(429, _TOO_OFTEN)

    async def _surely(self, socket: StationSocket, work: Coroutine[Any, Any, None]) -> None:
        """Nobody stays at the door without an answer, whatever happens to the database."""
        try:
            await work
        except BaseException:
            socket.refuse(503, _TROUBLE)
            raise

    # --- those that are not let in at first sight

    async def _look_again(self, socket: StationSocket, request: UpgradeRequest, identity: str) -> None:
        now = datetime.now(UTC)
        knock = await self._store.read(waiting_room.knock, identity, now=now)
        record = None if knock.record is None else self._directory.put(knock.record)
        door = judge(record, request, tls=socket.tls)
        if not socket.alive:
            return
        if record is not None and door in {Door.SERVED, Door.SERVED_KEY_SHOWN}:
            self._admit(socket, request, record, door)
        elif door is Door.STRANGER and not knock.blocked:
            await self._greet(socket, request, identity, window_open=knock.window_open)
        else:
            self._refuse(socket)
            if record is None and not knock.blocked:
                self._remember(socket, request, identity)

    async def _greet(
        self, socket: StationSocket, request: UpgradeRequest, identity: str, *, window_open: bool
    ) -> None:
        """Take in a stranger while the joining window is open, else let it wait."""
        if window_open:
            record = await self._store.write(waiting_room.join, identity, now=datetime.now(UTC))
            if record is not None and socket.alive:
                self._admit(socket, request, self._directory.put(record), Door.SERVED, wants_key=True)
                return
        self._remember(socket, request, identity)
        spoken = self._spoken(request)
        if spoken is None:
            self._close_without_subprotocol(socket, request)
        elif len(self._seats.strangers) >= self._seats.settings.max_strangers or not spoken.dialect.introduce:
            self._refuse(socket)
        else:
            self._seats.wait(socket, request, spoken.dialect, subprotocol=spoken.subprotocol)

    def _refuse(self, socket: StationSocket) -> None:
        self._seats.counters.refused += 1
        socket.refuse(401, _REFUSED)

    def _remember(self, socket: StationSocket, request: UpgradeRequest, identity: str) -> None:
        shown = request.basic
        key = keys.keep(shown.password) if isinstance(shown, Basic) and shown.user == identity else None
        address, offered, now = socket.address, ", ".join(request.subprotocols)[:200], datetime.now(UTC)

        def remember(db: Db) -> None:
            waiting_room.remember(db, identity, address=address, subprotocols=offered, key=key, now=now)

        self._store.submit(Work(remember, (), ignore, NOTHING))

    # --- those that are

    def _admit(
        self,
        socket: StationSocket,
        request: UpgradeRequest,
        record: Record,
        door: Door,
        *,
        wants_key: bool = False,
    ) -> None:
        """The station is who it says it is: serve it, unless a live connection goes first."""
        if door is Door.SERVED_KEY_SHOWN:
            self._key_shown(record)
        spoken = self._spoken(request)
        if spoken is None:
            self._note_handshake(record, "no common subprotocol", request)
            self._close_without_subprotocol(socket, request)
            return
        old = self._seats.live.get(record.id)
        if old is None:
            self._sit(socket, request, record, spoken, wants_key=wants_key)
        elif not keyed(record) and door is not Door.SERVED_KEY_SHOWN:
            if self._failed.may_try(socket.address, record.id, self._loop.time()):
                probe = self._after_probe(socket, request, record, spoken, old)
                self._seats.spawn(self._surely(socket, probe), "a second connection")
            else:  # each attempt costs a ping and a notice
                socket.refuse(429, _TOO_OFTEN)
        elif self._may_take_over(socket, record, old):
            self._sit(socket, request, record, spoken, wants_key=wants_key)
        else:
            data = {"old": old.socket.address, "new": socket.address, "kept": "old"}
            self._seats.notice(record.pk, record.id, "security", "DuplicateConnection", data)
            socket.refuse(429, _TOO_OFTEN)

    def _sit(
        self,
        socket: StationSocket,
        request: UpgradeRequest,
        record: Record,
        spoken: _Spoken,
        *,
        wants_key: bool = False,
    ) -> None:
        if spoken.subprotocol is None:
            self._note_handshake(record, "no subprotocol offered", request)
        self._seats.sit(
            socket, request, spoken.dialect, record, subprotocol=spoken.subprotocol, wants_key=wants_key
        )

    async def _after_probe(
        self,
        socket: StationSocket,
        request: UpgradeRequest,
        record: Record,
        spoken: _Spoken,
        old: Connection,
    ) -> None:
        """Nobody proved to be this station, so a live connection stays and only a dead one is replaced."""
        alive = await old.socket.answers(self._seats.settings.duplicate_probe_s)
        now_live = self._seats.live.get(record.id)
        if not socket.alive:
            return
        if alive or (now_live is not None and now_live is not old):
            data = {"old": old.socket.address, "new": socket.address, "kept": "old"}
            self._seats.notice(record.pk, record.id, "security", "DuplicateConnection", data)
            socket.refuse(409, _TAKEN)
        else:
            self._sit(socket, request, record, spoken)

    def _may_take_over(self, socket: StationSocket, record: Record, old: Connection) -> bool:
        """Stop two that share a key from pushing each other out; a reconnect from one place is free."""
        if old.socket.address == socket.address:
            return True
        now = self._loop.time()
        if len(self._take_overs) > _MOST_REMEMBERED_TAKE_OVERS:
            self._take_overs.clear()
        counted = self._take_overs.setdefault(record.id, TakeOvers())
        if counted.too_many(now):
            return False
        counted.count(now)
        return True

    def _key_shown(self, record: Record) -> None:
        self._directory.put(record._replace(key_shown=True, security_profile=max(record.security_profile, 1)))
        now = datetime.now(UTC)

        def shown(db: Db) -> None:
            stations.key_shown(db, record.pk, now=now)

        self._store.submit(Work(shown, (), ignore, NOTHING))

    def _spoken(self, request: UpgradeRequest) -> _Spoken | None:
        """Choose the first subprotocol of the station's list that we speak; none offered is taken as 1.6."""
        if not request.subprotocols:
            dialect = self._dialects.get(_DEFAULT)
            return None if dialect is None else _Spoken(dialect, None)
        for offered in request.subprotocols:
            dialect = self._dialects.get(offered)
            if dialect is not None:
                return _Spoken(dialect, offered)
        return None

    def _note_handshake(self, record: Record, status: str, request: UpgradeRequest) -> None:
        data = {"offered": list(request.subprotocols[:10]), "path": request.path[:200]}
        self._seats.notice(record.pk, record.id, "handshake", status, data, once=True)

    def _close_without_subprotocol(self, socket: StationSocket, request: UpgradeRequest) -> None:
        """OCPP-J 1.6 §3.2: complete the handshake without Sec-WebSocket-Protocol and close at once."""
        socket.open_and_close(request, _PROTOCOL_ERROR, "no OCPP version in common")
