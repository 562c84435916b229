"""Orders to stations: one route per command of `domain/commands.py`, and calls in the station's own words."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from ostler.api.admission import ADMINISTRATOR, OPERATOR
from ostler.api.bodies import fit
from ostler.api.house import House
from ostler.api.problems import Refused
from ostler.api.stations import must_know
from ostler.domain import commands
from ostler.domain.commands import Command, CommandResult
from ostler.domain.words import Result
from ostler.ocpp import v16, v21, v201
from ostler.ocpp.base import Request, Version
from ostler.services import masking, stations
from ostler.services.accounts import Visitor
from ostler.services.faults import nearest

LONGEST_S = 90.0
"""No order takes longer, whatever happens: the gateway's own time-outs are shorter."""
COMMANDS: dict[str, type[Command]] = {
    str(kind.__struct_config__.tag): kind for kind in Command.__subclasses__() if kind is not commands.RawCall
}
FOR_ADMINISTRATORS = frozenset(
    {
        commands.SetKey,
        commands.InstallCertificate,
        commands.DeleteCertificate,
        commands.CertificateSigned,
        commands.UpdateFirmware,
    }
)
REQUESTS: dict[str, dict[str, type[Request[Any]]]] = {
    Version.V16: v16.REQUESTS,
    Version.V201: v201.REQUESTS,
    Version.V21: v21.REQUESTS,
}
TAGS = ("Commands",)


class CallOutcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How a call ended: answered, error (then `code`, `description`, `details`), offline or timed-out."""

    outcome: str
    response: dict[str, Any] | None = None
    code: str | None = None
    description: str | None = None
    details: dict[str, Any] | None = None


async def order(house: House, visitor: Visitor, station: str, command: Command) -> CommandResult:
    """Send `command` and wait for how it ends; raises `Missing` for an unknown station."""
    await must_know(house, station)
    try:
        async with asyncio.timeout(LONGEST_S):
            result = await house.bus.command(station, command)
    except TimeoutError:
        result = CommandResult(result=Result.TIMED_OUT, detail="The station did not answer in time.")
    tag = str(command.__struct_config__.tag)
    secret = isinstance(command, commands.SetKey)
    said = "{}" if secret else masking.mask(tag, msgspec.json.encode(command).decode())
    detail = {"order": msgspec.Raw(said.encode()), "result": result.result}
    await house.note(visitor, f"command.{tag}", station, detail)
    return result


def _route(tag: str, kind: type[Command]) -> HTTPRouteHandler:
    """The route of one command; its body is the command's struct."""
    name = f"order_{tag.replace('-', '_')}"
    needs_body = any(field.required for field in msgspec.structs.fields(kind))
    body: Any = JSONBody  # mypy cannot know a type that is chosen while the program runs

    async def send(
        house: House, visitor: Visitor, station_id: str, data: Command | None = None
    ) -> CommandResult:
        return await order(house, visitor, station_id, kind() if data is None else data)

    send.__name__ = send.__qualname__ = name
    send.__doc__ = kind.__doc__
    send.__annotations__ = {
        "house": NamedDependency[House],
        "visitor": NamedDependency[Visitor],
        "station_id": FromPath[str],
        "data": body[kind] if needs_body else body[kind | None],
        "return": CommandResult,
    }
    role = ADMINISTRATOR if kind in FOR_ADMINISTRATORS else OPERATOR
    path = f"/stations/{{station_id:str}}/commands/{tag}"
    return post(path, status_code=200, opt=role, tags=TAGS)(send)


@post("/stations/{station_id:str}/commands/{command:str}", opt=OPERATOR, include_in_schema=False)
async def unknown_command(
    house: NamedDependency[House], station_id: FromPath[str], command: FromPath[str]
) -> None:
    """Say which command was probably meant."""
    await must_know(house, station_id)
    raise Refused(404, f'There is no command "{command}".{nearest(command, COMMANDS)}')


@post("/stations/{station_id:str}/calls/{action:str}", status_code=200, opt=ADMINISTRATOR, tags=TAGS)
async def call_station(
    house: NamedDependency[House],
    visitor: NamedDependency[Visitor],
    station_id: FromPath[str],
    action: FromPath[str],
    data: JSONBody[dict[str, Any]],
) -> CallOutcome:
    """Send any OCPP request in the words of the station's own version; the body is its payload."""
    found = await house.store.read(stations.get, station_id)
    if found is None:
        raise Refused(404, f"There is no station {station_id}.")
    requests = REQUESTS.get(found.ocpp_version, v16.REQUESTS)
    if action not in requests:
        raise Refused(404, f'OCPP has no request "{action}".{nearest(action, requests)}')
    fit(data, requests[action])
    return _outcome(await order(house, visitor, station_id, commands.RawCall(action=action, payload=data)))


def _outcome(result: CommandResult) -> CallOutcome:
    match result.result:
        case Result.OFFLINE:
            return CallOutcome(outcome="offline")
        case Result.TIMED_OUT:
            return CallOutcome(outcome="timed-out")
        case _ if isinstance(result.data, dict) and "outcome" in result.data:
            return msgspec.convert(result.data, CallOutcome)
        case _:
            return CallOutcome(outcome="error", code="", description=result.detail, details={})


HANDLERS: tuple[HTTPRouteHandler, ...] = (
    *(_route(tag, kind) for tag, kind in COMMANDS.items()),
    unknown_command,
    call_station,
)
