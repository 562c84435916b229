"""Conversations as data: who says what, what must come back, and what must be found afterwards.

Inside payloads and expectations, a text "$name" stands for what was saved under that name, "@-60" for the
time 60 seconds before the script began (as a station writes it) and "ms@-60" for the same as the database
holds it.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol

import pytest

from harness.house import House
from harness.station import BOOT, RefusedError, Station
from ostler.domain.commands import Command
from ostler.domain.words import TokenStatus


class Step(Protocol):
    """One thing that happens, with what is expected of it."""

    async def play(self, player: Player) -> None: ...


class Script(NamedTuple):
    """`fact` is what it shows, `source` where that is written. Fields of station CP1's record in `record`."""

    fact: str
    source: str
    steps: tuple[Step, ...]
    record: Mapping[str, Any] = {}

    def __str__(self) -> str:
        return self.fact


def script(fact: str, source: str, *steps: Step, **record: Any) -> Script:
    return Script(fact, source, steps, record)


class Player:
    """Plays one script; a station connects, and boots unless told otherwise, when it first speaks."""

    def __init__(self, house: House, stack: AsyncExitStack) -> None:
        self.house = house
        self.saved: dict[str, Any] = {}
        self.began = datetime.now(UTC).replace(microsecond=0)
        self._stack = stack
        self._stations: dict[str, Station] = {}
        self._closing: dict[str, AsyncExitStack] = {}

    async def station(self, identity: str, *, boots: bool = True) -> Station:
        if identity not in self._stations:
            closing = await self._stack.enter_async_context(AsyncExitStack())
            opened = self.house.station(identity)
            self._stations[identity] = station = await closing.enter_async_context(opened)
            self._closing[identity] = closing
            if boots:
                await station.call("BootNotification", BOOT)
        return self._stations[identity]

    async def disconnect(self, identity: str) -> None:
        del self._stations[identity]
        await self._closing.pop(identity).aclose()

    def meant(self, value: Any) -> Any:
        """`value` with its placeholders filled in."""
        match value:
            case str() if value.startswith("$"):
                return self.saved[value[1:]]
            case str() if value.startswith("@"):
                return self._time(value[1:]).isoformat().replace("+00:00", "Z")
            case str() if value.startswith("ms@"):
                return round(self._time(value[3:]).timestamp() * 1000)
            case Mapping():
                return {name: self.meant(one) for name, one in value.items()}
            case list() | tuple():
                return [self.meant(one) for one in value]
        return value

    def _time(self, seconds: str) -> datetime:
        return self.began + timedelta(seconds=float(seconds))


class Says(NamedTuple):
    """A CALL that is answered with at least `answer`; keys in `lacks` must not be in the answer."""

    action: str
    payload: Mapping[str, Any] = {}
    answer: Mapping[str, Any] = {}
    lacks: Sequence[str] = ()
    save: Mapping[str, str] = {}
    by: str = "CP1"
    id_: str | None = None
    boots: bool = True

    async def play(self, player: Player) -> None:
        station = await player.station(self.by, boots=self.boots)
        answer = await station.call(self.action, player.meant(self.payload), id_=self.id_)
        assert_within(player.meant(self.answer), answer)
        assert not set(self.lacks) & set(answer), answer
        for name, key in self.save.items():
            player.saved[name] = answer[key]


class IsRefused(NamedTuple):
    """A CALL that is answered with CALLERROR `code`."""

    action: str
    payload: Mapping[str, Any]
    code: str
    by: str = "CP1"
    boots: bool = True

    async def play(self, player: Player) -> None:
        station = await player.station(self.by, boots=self.boots)
        with pytest.raises(RefusedError) as refusal:
            await station.call(self.action, player.meant(self.payload))
        assert refusal.value.args[0] == self.code


class Sends(NamedTuple):
    """A text as it is; `answer` are the first elements of what comes back, if anything is due."""

    text: str | bytes
    answer: Sequence[Any] | None = None
    by: str = "CP1"

    async def play(self, player: Player) -> None:
        station = await player.station(self.by)
        await station.socket.send(self.text)
        if self.answer is not None:
            frame = await station.frame()
            assert frame[: len(self.answer)] == [*self.answer], frame


class Orders(NamedTuple):
    """A command that ends with `result` before the station is asked anything."""

    command: Command
    result: str
    by: str = "CP1"

    async def play(self, player: Player) -> None:
        result = await player.house.order(self.by, self.command)
        assert result.result == self.result, result
        assert result.detail


class IsAsked(NamedTuple):
    """The server's next CALL; the station answers with `reply`."""

    action: str
    payload: Mapping[str, Any] = {}
    reply: Mapping[str, Any] = {}
    by: str = "CP1"

    async def play(self, player: Player) -> None:
        frame = await (await player.station(self.by)).reply(player.meant(self.reply))
        assert frame[2] == self.action
        assert_within(player.meant(self.payload), frame[3])


class Reconnects(NamedTuple):
    """The socket goes and a new one comes; without `boots` no BootNotification is sent."""

    by: str = "CP1"
    boots: bool = False

    async def play(self, player: Player) -> None:
        await player.disconnect(self.by)
        await player.station(self.by, boots=self.boots)


class Changes(NamedTuple):
    """A person changes the record of a station."""

    fields: Mapping[str, Any]
    by: str = "CP1"

    async def play(self, player: Player) -> None:
        await player.house.change(self.by, **self.fields)


class Holds(NamedTuple):
    """What `sql` finds in ostler.db; lists that are stored as JSON are compared as lists."""

    sql: str
    rows: Sequence[Sequence[Any]]

    async def play(self, player: Player) -> None:
        found = [[_read(one) for one in row.values()] for row in await player.house.rows(self.sql)]
        assert found == player.meant(self.rows), found


class Logs(NamedTuple):
    """The newest message of a station's log has these columns."""

    columns: Mapping[str, Any]
    by: str = "CP1"

    async def play(self, player: Player) -> None:
        row = (await player.house.logged(self.by))[-1]
        assert_within(player.meant(self.columns), row)


def assert_within(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Each key of `expected` stands in `found` with that value; the same goes for what is nested."""
    for name, value in expected.items():
        if isinstance(value, Mapping):
            assert_within(value, found[name])
        else:
            assert found[name] == value, found


def _read(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value[:1] == "[" else value


@asynccontextmanager
async def playing(house: House) -> AsyncIterator[Player]:
    async with AsyncExitStack() as stack:
        yield Player(house, stack)


async def play(house: House, one: Script) -> None:
    """Play a script in a house with the stations CP1 and CP2 and a few tokens."""
    await house.add("CP1", **({"authorization": "all"} | one.record))
    await house.add("CP2", authorization="all")
    for id_token in ("ANNA", "BEN"):
        await house.token(id_token)
    await house.token("MANY", parallel=True)
    await house.token("BLOCKED", status=TokenStatus.BLOCKED)
    await house.token("EXPIRED", expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    await house.token("LASTING", expires_at=datetime(2040, 1, 1, tzinfo=UTC))
    for id_token in ("MOTHER", "SON"):
        await house.token(id_token, parent="FAMILY")
    async with playing(house) as player:
        for step in one.steps:
            await step.play(player)


# --- what stations say most often


def start(
    *, connector: int = 1, token: str = "ANNA", wh: int = 1000, at: str = "@-280", tx: str = "tx", **more: Any
) -> Says:
    """A StartTransaction whose number is saved as `tx`; `more` are fields of `Says`."""
    payload = {"connectorId": connector, "idTag": token, "meterStart": wh, "timestamp": at}
    save = {tx: "transactionId"} if tx else {}
    return Says("StartTransaction", payload, save=save, **more)


def stop(
    tx: Any = "$tx", *, wh: int = 4000, at: str = "@-60", token: str | None = "ANNA", **more: Any
) -> Says:
    """A StopTransaction; `says` adds to its payload, other `more` are fields of `Says`."""
    payload = {"transactionId": tx, "meterStop": wh, "timestamp": at} | more.pop("says", {})
    return Says("StopTransaction", payload | ({"idTag": token} if token else {}), **more)


def metered(
    *samples: Mapping[str, str], at: str = "@-180", connector: int = 1, tx: Any = None, **more: Any
) -> Says:
    """A MeterValues with one moment."""
    payload: dict[str, Any] = {
        "connectorId": connector,
        "meterValue": [{"timestamp": at, "sampledValue": [*samples]}],
    }
    return Says("MeterValues", payload | ({"transactionId": tx} if tx is not None else {}), **more)


def wh(value: float, **more: str) -> dict[str, str]:
    """A sample of the import register."""
    return {"value": str(value), "measurand": "Energy.Active.Import.Register", "unit": "Wh"} | more


def status(word: str, *, connector: int = 1, at: str | None = None, **more: Any) -> Says:
    """A StatusNotification."""
    payload = {"connectorId": connector, "status": word, "errorCode": "NoError"} | more.pop("says", {})
    return Says("StatusNotification", payload | ({"timestamp": at} if at else {}), **more)
