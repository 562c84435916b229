"""What the handlers work with: one object, handed to each by the framework."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from prometheus_client import CollectorRegistry

from ostler.api.lag import LoopLag
from ostler.api.settings import ApiSettings
from ostler.api.streams import Streams
from ostler.api.throttle import LoginThrottle
from ostler.bus.local import Bus
from ostler.services.accounts import Visitor
from ostler.services.audit import audit
from ostler.store.database import Db
from ostler.store.store import Store

P = ParamSpec("P")
T = TypeVar("T")
MOST_PASSWORD_CHECKS = 2
"""At once: each takes 64 MiB and a CPU."""


def wall_clock() -> datetime:
    """Now, aware UTC, in whole milliseconds as the database keeps them."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


class House:
    """Store, bus and settings, and what the web side itself remembers."""

    def __init__(
        self,
        store: Store,
        bus: Bus,
        settings: ApiSettings,
        *,
        draining: asyncio.Event,
        clock: Callable[[], datetime] = wall_clock,
    ) -> None:
        self.store = store
        self.bus = bus
        self.settings = settings
        self.draining = draining
        self.now = clock
        self.throttle = LoginThrottle()
        self.lag = LoopLag()
        self.streams = Streams(bus, store.log)
        self.auth_failures = 0
        self.password_checks = asyncio.Semaphore(MOST_PASSWORD_CHECKS)
        self.registry = CollectorRegistry()

    async def change(
        self,
        visitor: Visitor,
        action: str,
        target: object,
        function: Callable[Concatenate[Db, P], T],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run `function(db, ...)` in the writer together with its row in the audit.

        `target` None: what was made is only known afterwards; its `id` is taken from the result.
        """
        now = self.now()

        def audited(db: Db) -> T:
            result = function(db, *args, **kwargs)
            named = getattr(result, "id", "") if target is None else target
            audit(db, actor=visitor.actor, action=action, target=str(named), at=now)
            return result

        return await self.store.write(audited)

    async def note(self, visitor: Visitor, action: str, target: object, detail: Any = None) -> None:
        """Keep in the audit what changed nothing in the database: an order to a station."""
        await self.store.write(
            audit, actor=visitor.actor, action=action, target=str(target), at=self.now(), detail=detail
        )
