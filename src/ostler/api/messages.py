"""The log of OCPP messages: each call with its answer, searched and exported."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream

from ostler.api.admission import VIEWER
from ostler.api.exports import CHUNK, csv_lines, download
from ostler.api.house import House
from ostler.api.paging import Begin, Cursor, End, Limit, Page, page, read_cursor
from ostler.api.problems import Refused
from ostler.store import messages
from ostler.store.messages import MessageFilter
from ostler.store.reading.keyset import Rows

TAGS = ("Messages",)

OfStation = Annotated[str | None, QueryParameter(description="Only of the station of this identity.")]
Direction = Annotated[
    Literal["in", "out"] | None,
    QueryParameter(description="in: the station asked; out: Ostler asked."),
]
OfAction = Annotated[str | None, QueryParameter(description="Only this OCPP action.")]
WithOutcome = Annotated[str | None, QueryParameter(description="answered, error, timed-out, ...")]
OfConnector = Annotated[int | None, QueryParameter(description="Only about this connector.")]
OfTransaction = Annotated[str | None, QueryParameter(description="Only of this transaction, by its OCPP id.")]
Search = Annotated[str | None, QueryParameter(description="Only with this text in request or response.")]
Deviating = Annotated[bool, QueryParameter(description="Only with deviations from the schema.")]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A call with its answer; both payloads as JSON texts with secrets masked.

    `deviations` counts what had to be mended, `deviation_list` says what.
    """

    id: int
    at: datetime
    station: str
    direction: str
    action: str
    message_id: str
    outcome: str
    error_code: str
    latency_ms: float | None
    request: str
    response: str
    deviations: int
    deviation_list: list[Any]
    connector: int | None
    transaction: str | None
    epoch: int


def provide_filter(
    *,
    station: OfStation = None,
    direction: Direction = None,
    action: OfAction = None,
    outcome: WithOutcome = None,
    begin: Begin = None,
    end: End = None,
    connector: OfConnector = None,
    transaction: OfTransaction = None,
    q: Search = None,
    deviating: Deviating = False,
) -> MessageFilter:
    """The query parameters that choose messages, the same for the list and for all exports."""
    return MessageFilter(
        station=station,
        direction=direction,
        action=action,
        outcome=outcome,
        since=begin,
        until=end,
        text=q,
        connector=connector,
        transaction=transaction,
        deviating=deviating,
    )


WANTED = {"wanted": Provide(provide_filter, sync_to_thread=False)}


@get("/messages", opt=VIEWER, tags=TAGS, dependencies=WANTED)
async def list_messages(
    *,
    house: NamedDependency[House],
    wanted: NamedDependency[MessageFilter],
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[Message]:
    """List messages, the latest first."""
    after = read_cursor(cursor, int)
    found = await house.store.read_log(
        messages.page, wanted, before=after[0] if after else None, limit=limit + 1
    )
    return page(Rows(found[:limit], len(found) > limit), show, lambda row: (row.pk,))


@get("/messages/{message_pk:int}", opt=VIEWER, tags=TAGS)
async def get_message(*, house: NamedDependency[House], message_pk: FromPath[int]) -> Message:
    """Show one message."""
    found = await house.store.read_log(messages.get, message_pk)
    if found is None:
        raise Refused(404, f"There is no message {message_pk}; perhaps it was too old to be kept.")
    return show(found)


@get("/messages.csv", opt=VIEWER, media_type="text/csv", tags=TAGS, dependencies=WANTED)
async def export_messages_csv(
    *, house: NamedDependency[House], wanted: NamedDependency[MessageFilter]
) -> Stream:
    """Download messages as CSV, the oldest first."""
    head = csv_lines([Message.__struct_fields__])
    return download(_lines(house, wanted, _as_csv, head), "messages.csv", "text/csv")


@get("/messages.jsonl", opt=VIEWER, media_type="application/jsonl", tags=TAGS, dependencies=WANTED)
async def export_messages_jsonl(
    *, house: NamedDependency[House], wanted: NamedDependency[MessageFilter]
) -> Stream:
    """Download messages as lines of JSON, the oldest first."""
    return download(_lines(house, wanted, _as_jsonl, ""), "messages.jsonl", "application/jsonl")


async def _lines(
    house: House, wanted: MessageFilter, write: Callable[[list[Message]], str], head: str
) -> AsyncIterator[str]:
    yield head
    after = 0
    while True:
        found = await house.store.read_log(messages.following, wanted, after=after, limit=CHUNK)
        yield write([show(row) for row in found])
        if len(found) < CHUNK:
            return
        after = found[-1].pk


def show(row: messages.Message) -> Message:
    """A row of the log as REST shows it."""
    deviations = row.deviations or []
    kept = {name: getattr(row, name) for name in Message.__struct_fields__ if name in row._fields}
    return Message(
        **{**kept, "deviations": len(deviations)},
        id=row.pk,
        deviation_list=deviations,
        latency_ms=None if row.latency_us is None else row.latency_us / 1000,
    )


def _as_csv(found: list[Message]) -> str:
    return csv_lines(msgspec.structs.astuple(message) for message in found)


def _as_jsonl(found: list[Message]) -> str:
    return msgspec.json.Encoder().encode_lines(found).decode()


HANDLERS = (list_messages, get_message, export_messages_csv, export_messages_jsonl)
