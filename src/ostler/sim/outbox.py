"""What a station wants to say, in the order in which it happened; one call at a time is under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from ostler.ocpp.base import Request
from ostler.ocpp.events import Cancelled, Outcome
from ostler.sim.queue import TransactionQueue

Ended = Callable[[Outcome, datetime], None]


class _Said(msgspec.Struct, frozen=True):
    serial: int
    request: Request[Any]
    ended: Ended | None
    asked: bool


class Outbox:
    """Notifications, which are worth nothing later, beside the queue of transaction messages."""

    def __init__(self, queue: TransactionQueue) -> None:
        self.queue = queue
        self.busy = False
        self._serial = queue.last_serial
        self._said: deque[_Said] = deque()
        self._under_way: _Said | None = None

    def __len__(self) -> int:
        return len(self._said) + len(self.queue) + (self._under_way is not None)

    def say(self, request: Request[Any], ended: Ended | None = None, *, asked: bool = False) -> None:
        """Send this when its turn comes. `asked`: the central system wants it, also before it accepts us."""
        self._serial += 1
        said = _Said(self._serial, request, ended, asked)
        self._said.append(said)

    def keep(self, request: Request[Any], *, transaction: str | None) -> None:
        """Send this in its turn, however long that takes."""
        self._serial += 1
        self.queue.add(request, serial=self._serial, transaction=transaction)

    def take(self, now: datetime, *, accepted: bool) -> Request[Any] | None:
        """Return the next call, None when there is none or one is under way; `ended` must follow."""
        if self.busy:
            return None
        if not accepted:
            said = next((each for each in self._said if each.asked), None)
            return None if said is None else self._send(said)
        kept = self.queue.serial if self.queue.due(now) else None
        if self._said and (kept is None or self._said[0].serial < kept):
            return self._send(self._said[0])
        if kept is None:
            return None
        self.busy = True
        return self.queue.first()

    def ended(self, outcome: Outcome, now: datetime) -> bool:
        """Tell how the call ended; False when it was of the queue, whose owner then says what follows."""
        self.busy = False
        said, self._under_way = self._under_way, None
        if said is None:
            return False
        if said.ended is not None:
            said.ended(outcome, now)
        return True

    def drop(self, now: datetime, reason: str) -> None:
        """The connection is gone: notifications are history, transaction messages stay."""
        said = list(self._said) if self._under_way is None else [self._under_way, *self._said]
        self._said.clear()
        self._under_way = None
        self.busy = False
        for each in said:
            if each.ended is not None:
                each.ended(Cancelled(reason), now)

    def _send(self, said: _Said) -> Request[Any]:
        self._said.remove(said)
        self._under_way = said
        self.busy = True
        return said.request
