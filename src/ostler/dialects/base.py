"""What a dialect is: tables of what it answers and what it can say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from ostler.domain.commands import Command, CommandResult
from ostler.domain.words import Result
from ostler.ocpp.base import Request, Response
from ostler.store.database import Db
from ostler.store.store import Store

M = TypeVar("M", bound=Request[Any])
R = TypeVar("R", bound=Response)


class Inbound(Generic[M]):
    """A request of a station on its way through a handler.

    `received_at` is whole milliseconds, aware UTC. `deviations` counts what the decoder had to mend.
    A handler may set `connector` and `transaction` for the message log.
    """

    __slots__ = ("connector", "deviations", "epoch", "pk", "received_at", "request", "station", "transaction")

    def __init__(
        self, *, station: str, pk: int, epoch: int, received_at: datetime, request: M, deviations: int = 0
    ) -> None:
        self.station = station
        self.pk = pk
        self.epoch = epoch
        self.received_at = received_at
        self.request = request
        self.deviations = deviations
        self.connector: int | None = None
        self.transaction: str | None = None


Answer = Callable[[Db, Inbound[Any]], Response]
"""Runs in the writer, inside its database transaction; the answer leaves after the commit."""


class CallFailed(Exception):  # noqa: N818 - it is no error of ours: stations refuse, or are gone
    """A call of ours has no result: `outcome` says how, `code` is the CALLERROR code if there is one."""

    def __init__(self, outcome: Result, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.outcome = outcome
        self.detail = detail
        self.code = code


class Caller(Protocol):
    """The station as a sender sees it."""

    @property
    def station(self) -> str:
        """Its OCPP identity."""

    @property
    def pk(self) -> int:
        """Its row in `stations`."""

    @property
    def store(self) -> Store:
        """Where to read and write."""

    def now(self) -> datetime:
        """The time, aware UTC, whole seconds."""

    async def call(self, request: Request[R], *, timeout_s: float | None = None) -> R:
        """Send and wait for the answer; raises `CallFailed` when there is none."""


Sender = Callable[[Caller, Any], Awaitable[CommandResult]]


Aftermath = Callable[[Caller, Any, Any], Awaitable[None]]
"""What must be kept after a request of ours was answered, given both, when it was sent as a raw call."""


class Stranger(NamedTuple):
    """What somebody unknown says of itself when it boots, and the answer that makes it wait."""

    answer: Response
    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""


Introduce = Callable[[Request[Any], datetime, int], Stranger]
"""Reads a boot request of a stranger, given the time and after how many seconds it may ask again."""


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """One OCPP version.

    `answers` and `sends` are complete: `refused` names, with the reason, each request that a station may
    send and we do not serve; `boot_actions` may be sent before the station is accepted, `kept_actions` are
    transaction messages, which are kept whatever the station's state. `introduce`
    answers strangers; without it they are refused.
    `careful` are requests whose answers keep `Db.memory` true by themselves; after any other answer what was
    remembered of the station is read anew.
    `aftermath` is for requests that put us in the wrong if a raw call sends them past the senders.
    `starting` are requests of ours that must not be sent before the station is accepted (OCPP 1.6 §4.2).
    """

    version: str
    subprotocol: str
    requests: Mapping[str, type[Request[Any]]]
    answers: Mapping[type[Request[Any]], Answer]
    sends: Mapping[type[Command], Sender]
    refused: Mapping[str, str] = {}
    aftermath: Mapping[type[Request[Any]], Aftermath] = {}
    boot_actions: frozenset[str] = frozenset({"BootNotification"})
    kept_actions: frozenset[str] = frozenset()
    careful: frozenset[type[Request[Any]]] = frozenset()
    introduce: Introduce | None = None
    starting: frozenset[str] = frozenset(
        {
            "RemoteStartTransaction",
            "RemoteStopTransaction",
            "RequestStartTransaction",
            "RequestStopTransaction",
        }
    )
