"""A station's parameters (1.6: configuration keys): what we know of them, read anew, written."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from ostler.api.admission import OPERATOR, VIEWER
from ostler.api.commands import order
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page_of
from ostler.api.stations import must_know
from ostler.domain.commands import CommandResult, ParameterChange, ReadParameters, WriteParameters
from ostler.services import parameters
from ostler.services.accounts import Visitor


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter as last read; secrets are masked. `known` false: the station has no such key."""

    key: str
    value: str | None
    readonly: bool
    known: bool
    reboot_required: bool
    read_at: datetime


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new value for a key."""

    key: Annotated[str, msgspec.Meta(min_length=1)]
    value: str


class Changes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to write; each change has a result of its own."""

    changes: Annotated[tuple[Change, ...], msgspec.Meta(min_length=1)]


class ChangeResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one change; `value` is what the station has now, where it is known."""

    key: str
    result: str
    detail: str = ""
    value: str | None = None


class ChangeResults(msgspec.Struct, frozen=True, kw_only=True):
    """What became of all changes."""

    result: str
    detail: str
    items: list[ChangeResult]


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which keys to read (none: all); `gently` asks for one at a time."""

    keys: tuple[str, ...] = ()
    gently: bool = False


class ParameterController(Controller):
    """`/stations/{id}/parameters`."""

    path = "/stations/{station_id:str}/parameters"
    tags = ("Parameters",)

    @get(opt=VIEWER)
    async def list_parameters(
        self,
        *,
        house: NamedDependency[House],
        station_id: FromPath[str],
        limit: Limit = 1000,
        cursor: Cursor = None,
    ) -> Page[Parameter]:
        """List the parameters as they were last read."""
        station = await must_know(house, station_id)
        rows = await house.store.read(parameters.listed, station.pk)
        return page_of(rows, lambda row: Parameter(**row._asdict()), cursor, limit)

    @patch(opt=OPERATOR)
    async def write_parameters(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        station_id: FromPath[str],
        data: JSONBody[Changes],
    ) -> ChangeResults:
        """Write parameters one by one, and say of each what became of it."""
        wanted = tuple(ParameterChange(key=change.key, value=change.value) for change in data.changes)
        result = await order(house, visitor, station_id, WriteParameters(changes=wanted))
        return ChangeResults(
            result=result.result, detail=result.detail, items=_rows(result, [change.key for change in wanted])
        )

    @post("/read", status_code=200, opt=OPERATOR)
    async def read_parameters(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        station_id: FromPath[str],
        data: JSONBody[Keys | None] = None,
    ) -> CommandResult:
        """Ask the station for its parameters and keep what it says."""
        keys = data or Keys()
        command = ReadParameters(keys=keys.keys, gently=keys.gently)
        return await order(house, visitor, station_id, command)


def _rows(result: CommandResult, keys: list[str]) -> list[ChangeResult]:
    """A row per change, also when the station was never asked."""
    rows: Any = result.data
    if isinstance(rows, list):
        return [ChangeResult(**_known(msgspec.to_builtins(row))) for row in rows]
    return [ChangeResult(key=key, result=result.result, detail=result.detail) for key in keys]


def _known(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ChangeResult.__struct_fields__ if name in row}
