"""Stations that knocked and are not known yet, and the joining window."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from ostler.api.admission import OPERATOR, VIEWER
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page_of
from ostler.api.stations import Station, read_station
from ostler.services import stations, waiting_room
from ostler.services.accounts import Visitor
from ostler.services.faults import Missing
from ostler.store.database import Db

Ignored = Annotated[bool, QueryParameter(description="Show those too that a person ignores.")]


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An unknown identity that knocked. `has_password`: it showed one, which it keeps when accepted."""

    id: str
    status: str
    address: str
    subprotocols: str
    first_seen_at: datetime
    last_seen_at: datetime
    attempts: int
    vendor: str
    model: str
    serial: str
    firmware: str
    has_password: bool


class JoiningWindow(msgspec.Struct, frozen=True, kw_only=True):
    """Whether new stations are taken in unasked, and until when."""

    open: bool
    until: datetime | None


class Minutes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long to keep the joining window open; 0 closes it."""

    minutes: Annotated[int, msgspec.Meta(ge=0, le=waiting_room.LONGEST_WINDOW_MINUTES)]


class WaitingRoomController(Controller):
    """`/waiting-room`."""

    path = "/waiting-room"
    tags = ("Waiting room",)

    @get(opt=VIEWER)
    async def list_waiting(
        self,
        *,
        house: NamedDependency[House],
        limit: Limit = 1000,
        cursor: Cursor = None,
        ignored: Ignored = False,
    ) -> Page[Waiting]:
        """List who waits, the latest first."""
        rows = await house.store.read(waiting_room.listed, ignored=ignored)
        return page_of(rows, _show, cursor, limit)

    @post("/{identity:str}/accept", status_code=200, opt=OPERATOR)
    async def accept_station(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        identity: FromPath[str],
        data: JSONBody[stations.Fields | None] = None,
    ) -> Station:
        """Take a waiting station in; the body may say its name, authorization and so on."""
        now = house.now()
        await house.change(visitor, "station.accept", identity, waiting_room.accept, identity, data, now=now)
        return await house.store.read(read_station, house.bus, identity)

    @post("/{identity:str}/ignore", status_code=204, opt=OPERATOR)
    async def ignore_station(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], identity: FromPath[str]
    ) -> None:
        """Show a waiting station no longer."""
        await house.change(visitor, "waiting.ignore", identity, _set, waiting_room.ignore, identity)

    @post("/{identity:str}/block", status_code=204, opt=OPERATOR)
    async def block_station(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], identity: FromPath[str]
    ) -> None:
        """Refuse a waiting station at the door."""
        await house.change(visitor, "waiting.block", identity, _set, waiting_room.block, identity)

    @post("/{identity:str}/unblock", status_code=204, opt=OPERATOR)
    async def unblock_station(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], identity: FromPath[str]
    ) -> None:
        """Let a blocked or ignored station wait again."""
        await house.change(visitor, "waiting.unblock", identity, _set, waiting_room.unblock, identity)


class JoiningWindowController(Controller):
    """`/joining-window`."""

    path = "/joining-window"
    tags = ("Waiting room",)

    @get(opt=VIEWER)
    async def get_joining_window(self, *, house: NamedDependency[House]) -> JoiningWindow:
        """Say whether new stations are taken in unasked."""
        until = await house.store.read(waiting_room.window_until)
        return _window(until, house.now())

    @put(opt=OPERATOR)
    async def set_joining_window(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        data: JSONBody[Minutes],
    ) -> JoiningWindow:
        """Take new stations in unasked for some minutes."""
        now = house.now()
        until = await house.change(
            visitor, "joining-window", data.minutes, waiting_room.open_window, data.minutes, now=now
        )
        return _window(until, now)


def _window(until: datetime | None, now: datetime) -> JoiningWindow:
    is_open = until is not None and now < until
    return JoiningWindow(open=is_open, until=until if is_open else None)


def _show(row: waiting_room.Waiting) -> Waiting:
    kept = row._asdict()
    return Waiting(has_password=kept.pop("has_key"), **kept)


def _set(db: Db, function: Callable[[Db, str], bool], identity: str) -> None:
    if not function(db, identity):
        raise Missing(f"{identity} is not in the waiting room.")
