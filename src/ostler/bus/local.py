"""The bus of a single process."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import msgspec

from ostler.domain.commands import Command, CommandResult
from ostler.domain.events import Event
from ostler.domain.words import Result

E = TypeVar("E", bound=Event)

OFFLINE = CommandResult(result=Result.OFFLINE, detail="The station is not connected.")


class Holder(Protocol):
    """A live, authenticated connection of a station."""

    async def execute(self, command: Command) -> CommandResult:
        """Carry out an order; never raises for what a station does or fails to do."""

    def close(self, code: int, reason: str) -> None:
        """End the connection."""


class Numbered(msgspec.Struct):
    """An event with its place in the stream (SSE `id`). In `frame` a listener may keep its text, for all."""

    number: int
    event: Event
    frame: bytes = b""


class Subscription:
    """A bounded queue of events; a listener that is too slow loses the oldest and sees `lost` grow."""

    def __init__(self, limit: int) -> None:
        self._events: deque[Numbered] = deque()
        self._limit = limit
        self._ready = asyncio.Event()
        self.lost = 0

    def put(self, event: Numbered) -> None:
        """Queue an event."""
        if len(self._events) >= self._limit:
            self._events.popleft()
            self.lost += 1
        self._events.append(event)
        self._ready.set()

    async def wait(self) -> None:
        """Return as soon as there are events."""
        await self._ready.wait()

    def take(self) -> list[Numbered]:
        """Return what has come since the last time, which may be nothing."""
        self._ready.clear()
        events = list(self._events)
        self._events.clear()
        return events


class Bus:
    """Publish and subscribe to events; find the holder of a station.

    Events are numbered from `start`, which should be larger than any number of an earlier process.
    """

    def __init__(self, history: int = 2000, *, start: int = 0) -> None:
        self._subscriptions: set[Subscription] = set()
        self._holders: dict[str, Holder] = {}
        self._listeners: defaultdict[type[Event], list[Callable[[Any], None]]] = defaultdict(list)
        self._history: deque[Numbered] = deque(maxlen=history)
        self._number = start

    def publish(self, events: Sequence[Event]) -> None:
        """Give `events` to all subscribers; call it after the commit, in the event loop."""
        for event in events:
            self._number += 1
            numbered = Numbered(self._number, event)
            self._history.append(numbered)
            for subscription in self._subscriptions:
                subscription.put(numbered)
            listeners = self._listeners.get(type(event))
            if listeners is not None:
                for listener in listeners:
                    listener(event)

    def listen(self, kind: type[E], listener: Callable[[E], None]) -> None:
        """Call `listener` at once for each event of `kind`; it must be quick and must not raise."""
        self._listeners[kind].append(listener)

    def unlisten(self, kind: type[E], listener: Callable[[E], None]) -> None:
        """Call `listener` no longer."""
        if listener in self._listeners[kind]:
            self._listeners[kind].remove(listener)

    @property
    def number(self) -> int:
        """The number of the latest event."""
        return self._number

    def remembers(self, after: int) -> bool:
        """Whether all that happened since event `after` can still be told."""
        oldest = self._history[0].number if self._history else self._number + 1
        return oldest - 1 <= after <= self._number

    def subscribe(self, *, after: int | None = None, limit: int = 10_000) -> Subscription:
        """Listen; `after` replays what is still known since that number (SSE `Last-Event-ID`)."""
        subscription = Subscription(limit)
        if after is not None:
            for numbered in self._history:
                if numbered.number > after:
                    subscription.put(numbered)
        self._subscriptions.add(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Stop listening."""
        self._subscriptions.discard(subscription)

    def hold(self, station: str, holder: Holder) -> None:
        """`holder` serves `station` from now on."""
        self._holders[station] = holder

    def release(self, station: str, holder: Holder) -> None:
        """`holder` is gone; does nothing if another one has taken over."""
        if self._holders.get(station) is holder:
            del self._holders[station]

    def holder(self, station: str) -> Holder | None:
        """Who serves `station`, if anybody."""
        return self._holders.get(station)

    def connected(self, station: str) -> bool:
        """Whether `station` has a live connection."""
        return station in self._holders

    @property
    def connected_count(self) -> int:
        """How many stations are connected."""
        return len(self._holders)

    async def command(self, station: str, command: Command) -> CommandResult:
        """Order something of `station`; an offline one says so at once."""
        holder = self._holders.get(station)
        return OFFLINE if holder is None else await holder.execute(command)
