"""Reservations: connectors that are kept for somebody."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from ostler.api.admission import OPERATOR, VIEWER
from ostler.api.commands import order
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page, read_cursor
from ostler.api.problems import Refused
from ostler.domain.commands import CancelReservation, CommandResult, Reserve
from ostler.domain.words import Result
from ostler.services.accounts import Visitor
from ostler.store.reading.reservations import ReservationRow, list_reservations

OfStation = Annotated[str | None, QueryParameter(description="Only at the station of this identity.")]
WithStatus = Annotated[
    str | None,
    QueryParameter(description="requested, active, used, cancelled, expired or refused."),
]


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A connector (0: any) that is kept for a token."""

    id: int
    station: str
    evse: int
    connector: int
    id_token: str
    parent: str
    expires_at: datetime
    status: str
    created_at: datetime


class NewReservation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to keep for whom, and until when."""

    station: str
    id_token: str
    expires_at: datetime
    connector: int = 0
    evse: int | None = None
    parent: str | None = None


class ReservationController(Controller):
    """`/reservations`."""

    path = "/reservations"
    tags = ("Reservations",)

    @get(opt=VIEWER)
    async def list_reservations(
        self,
        *,
        house: NamedDependency[House],
        limit: Limit = 100,
        cursor: Cursor = None,
        station: OfStation = None,
        status: WithStatus = None,
    ) -> Page[Reservation]:
        """List reservations, the latest first."""
        after = read_cursor(cursor, int)
        rows = await house.store.read(
            list_reservations, station=station, status=status, after=after, limit=limit
        )
        return page(rows, _show, lambda row: (row.id,))

    @post(opt=OPERATOR)
    async def create_reservation(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        data: JSONBody[NewReservation],
    ) -> Reservation:
        """Ask the station to keep a connector; 409 with its reason when it does not."""
        command = Reserve(
            token=data.id_token,
            expires_at=data.expires_at,
            connector=data.connector,
            evse=data.evse,
            parent=data.parent,
        )
        result = await order(house, visitor, data.station, command)
        if result.result is not Result.ACCEPTED:
            raise Refused(409, result.detail, result=result.result)
        return _show(await _find(house, _made(result)))

    @delete("/{reservation_id:int}", status_code=200, opt=OPERATOR)
    async def cancel_reservation(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        reservation_id: FromPath[int],
    ) -> CommandResult:
        """Ask the station to give the connector free."""
        row = await _find(house, reservation_id)
        return await order(house, visitor, row.station, CancelReservation(reservation_id=reservation_id))


def _made(result: CommandResult) -> int:
    data: Any = result.data
    return int(data["reservation_id"])


async def _find(house: House, pk: int) -> ReservationRow:
    rows = await house.store.read(list_reservations, pk=pk)
    if not rows.rows:
        raise Refused(404, f"There is no reservation {pk}.")
    return rows.rows[0]


def _show(row: ReservationRow) -> Reservation:
    return Reservation(**row._asdict())
