"""Live listeners: the events of the bus, and the tail of the message log while somebody watches it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from ostler.bus.local import Bus, Numbered, Subscription
from ostler.domain.events import Event, MessageLogged
from ostler.store.database import LogRow
from ostler.store.message_log import MessageLog
from ostler.store.types import from_ms

QUEUE = 1000
MOST = 200
"""How many events may wait for one listener, and how many listeners there may be."""


class Goodbye(Event, frozen=True, kw_only=True, tag="goodbye"):
    """The server stops; the browser connects again by itself."""


class Streams:
    """All listeners of this process. Messages have no number: what was missed is read from the log."""

    def __init__(self, bus: Bus, log: MessageLog) -> None:
        self._bus = bus
        self._log = log
        self._open: set[Subscription] = set()
        self._watching: set[Subscription] = set()

    @property
    def count(self) -> int:
        """How many listeners there are."""
        return len(self._open)

    @property
    def full(self) -> bool:
        """Whether no more listeners can be served."""
        return len(self._open) >= MOST

    def open(self, *, after: int | None, messages: bool) -> Subscription:
        """Begin to listen; `after` replays what is still known since that number."""
        subscription = self._bus.subscribe(after=after, limit=QUEUE)
        self._open.add(subscription)
        if messages:
            self._watching.add(subscription)
            self._log.tail = self._follow
        return subscription

    def close(self, subscription: Subscription) -> None:
        """Stop listening."""
        self._bus.unsubscribe(subscription)
        self._open.discard(subscription)
        self._watching.discard(subscription)
        if not self._watching:
            self._log.tail = None

    def end_all(self, now: datetime) -> None:
        """Tell all listeners to go."""
        for subscription in self._open:
            subscription.put(Numbered(0, Goodbye(at=now)))

    def _follow(self, rows: list[tuple[int, LogRow]]) -> None:
        for pk, row in rows:
            numbered = Numbered(0, logged(pk, row))
            for subscription in self._watching:
                subscription.put(numbered)


def logged(pk: int, row: LogRow) -> MessageLogged:
    """A row of the message log as an event."""
    return MessageLogged(
        at=from_ms(row.at_ms),
        station=row.station,
        id=pk,
        direction=row.direction,
        action=row.action,
        outcome=row.outcome,
        latency_ms=None if row.latency_us is None else row.latency_us / 1000,
        request=row.request,
        response=row.response,
        deviations=len(msgspec.json.decode(row.deviations)) if row.deviations else 0,
    )
