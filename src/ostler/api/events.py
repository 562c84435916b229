"""Server-sent events: what happens, as it happens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

import ostler
from ostler.api.admission import VIEWER
from ostler.api.house import House
from ostler.api.problems import Refused, unfit
from ostler.api.streams import Goodbye
from ostler.bus.local import Bus, Numbered
from ostler.domain.events import Event, MessageLogged
from ostler.services.faults import nearest

KEEP_ALIVE_S = 15.0
PACE_S = 0.1
"""A page gets its events in bundles, at most so often: hundreds of open pages must not slow the stations."""
LONGEST_ID = 20
RESET = b'event: reset\ndata: {"type":"reset"}\n\n'
MESSAGES = str(MessageLogged.__struct_config__.tag)
TYPES = frozenset(str(kind.__struct_config__.tag) for kind in Event.__subclasses__()) - {"goodbye"}

Types = Annotated[
    str,
    QueryParameter(
        description=f"Only these types, separated by commas. {MESSAGES} is sent only when it is named."
    ),
]
OfStation = Annotated[str, QueryParameter(description="Only of the station of this identity.")]
LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", description="Replay what is still known since this event."),
]


@get("/events", opt=VIEWER, media_type="text/event-stream", tags=("Events",))
async def follow_events(
    *,
    house: NamedDependency[House],
    types: Types = "",
    station: OfStation = "",
    last_event_id: LastEventId = None,
) -> Stream:
    """Follow events by SSE: a `hello` first, then each with its type, its number and its data as JSON.

    `lost` says how many were dropped because they were not read fast enough, `reset` that the events since
    `Last-Event-ID` are no longer known, as after a restart: read the lists anew.
    """
    wanted = _types(types)
    if house.streams.full:
        raise Refused(429, "Too many listeners; close some pages.", headers={"Retry-After": "10"})
    return Stream(
        _frames(house, wanted, station, last_event_id),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _types(text: str) -> frozenset[str]:
    wanted = frozenset(name for name in text.split(",") if name)
    for name in wanted - TYPES:
        raise unfit("types", f'There are no events of type "{name}".{nearest(name, TYPES)}')
    return wanted or TYPES - {MESSAGES}


async def _frames(
    house: House, wanted: frozenset[str], station: str, last_event_id: str | None
) -> AsyncIterator[bytes]:
    after = _known(house.bus, last_event_id)
    begin = house.bus.number if after is None else after
    subscription = house.streams.open(after=after, messages=MESSAGES in wanted)
    try:
        yield _hello(begin, house.now())
        if last_event_id and after is None:
            yield RESET
        lost = 0
        while not house.draining.is_set():
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await subscription.wait()
            except TimeoutError:
                yield b": still here\n\n"
                continue
            events = subscription.take()
            if subscription.lost > lost:
                yield b'event: lost\ndata: {"type":"lost","count":%d}\n\n' % (subscription.lost - lost)
                lost = subscription.lost
            frames = b"".join(_frame(one) for one in events if _is_wanted(one.event, wanted, station))
            if frames:
                yield frames
            if any(isinstance(one.event, Goodbye) for one in events):
                return
            await asyncio.sleep(PACE_S)
    finally:
        house.streams.close(subscription)


def _is_wanted(event: Event, wanted: frozenset[str], station: str) -> bool:
    tag = event.__struct_config__.tag
    return tag in wanted and station in {"", event.station}


def _known(bus: Bus, last_event_id: str | None) -> int | None:
    """The number after which to go on, if all since then is still known."""
    if not last_event_id or not last_event_id.isascii() or not last_event_id.isdecimal():
        return None
    after = int(last_event_id[:LONGEST_ID])
    return after if bus.remembers(after) else None


def _hello(number: int, now: datetime) -> bytes:
    """The greeting has a number too: whoever loses the connection before the first event misses nothing."""
    data = msgspec.json.encode({"type": "hello", "at": now, "version": ostler.__version__})
    return b"event: hello\nid: %d\ndata: %b\n\n" % (number, data)


def _frame(numbered: Numbered) -> bytes:
    """JSON has no line breaks outside of texts, where they are escaped: one `data` line is enough.

    Written once, for all who listen.
    """
    if not numbered.frame:
        tag = str(numbered.event.__struct_config__.tag).encode()
        number = b"id: %d\n" % numbered.number if numbered.number else b""
        numbered.frame = b"event: %b\n%bdata: %b\n\n" % (tag, number, msgspec.json.encode(numbered.event))
    return numbered.frame
