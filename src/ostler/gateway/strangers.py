"""Somebody unknown at an open socket: told to wait, while a person decides."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from ostler.dialects.base import Dialect
from ostler.dialects.base import Stranger as Introduced
from ostler.gateway.exchange import NOT_REGISTERED
from ostler.gateway.socket import StationSocket
from ostler.ocpp import frames
from ostler.ocpp.base import Version
from ostler.ocpp.events import CallReceived, CallRefused
from ostler.ocpp.peer import Peer
from ostler.services import waiting_room
from ostler.services.waiting_room import Introduction
from ostler.store.database import Db
from ostler.store.store import Store
from ostler.store.writer import Work


class Stranger:
    """Its BootNotification is answered Pending and tells the waiting room what it is; all else is refused."""

    __slots__ = ("_gone", "_peer", "_retry_s", "_store", "dialect", "identity", "socket")

    def __init__(
        self,
        socket: StationSocket,
        dialect: Dialect,
        identity: str,
        *,
        store: Store,
        retry_s: int,
        gone: Callable[[Stranger], None],
    ) -> None:
        self.socket = socket
        self.dialect = dialect
        self.identity = identity
        self._store = store
        self._retry_s = retry_s
        self._gone = gone
        self._peer = Peer(Version(dialect.version), max_queue=0)

    def text(self, payload: bytes, now: float) -> None:
        """A message of the stranger."""
        for event in self._peer.receive(payload, now):
            match event:
                case CallReceived() if event.action in self.dialect.boot_actions and self.dialect.introduce:
                    said = self.dialect.introduce(event.request, _whole_second(), self._retry_s)
                    self._wait(event.id, said)
                case CallReceived():
                    self.socket.send(self._peer.refuse(event.id, NOT_REGISTERED))
                case CallRefused(frame=frame):
                    self.socket.send(frame)
                case _:
                    pass

    def ended(self, code: int, reason: str) -> None:  # noqa: ARG002 - as every listener
        """It went away."""
        self._gone(self)

    def _wait(self, id_: str, said: Introduced) -> None:
        introduction = Introduction(said.vendor, said.model, said.serial, said.firmware)

        def done(_result: object, _error: BaseException | None) -> None:
            self.socket.send(frames.encode_result(id_, said.answer))

        self._store.submit(Work(_introduce, (self.identity, introduction, self.socket.address), done))


def _introduce(db: Db, identity: str, introduction: Introduction, address: str) -> None:
    waiting_room.introduce(db, identity, introduction, address=address, now=datetime.now(UTC))


def _whole_second() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
