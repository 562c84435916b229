"""The one owner of the gateway's tasks."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

_log = structlog.get_logger()


class Tasks:
    """A task group that may be started and stopped from different tasks; a fault ends only its own task."""

    def __init__(self) -> None:
        self._group: asyncio.TaskGroup | None = None
        self._root: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Be ready for `spawn`."""
        ready = asyncio.Event()
        self._root = asyncio.get_running_loop().create_task(self._hold(ready), name="gateway")
        await ready.wait()

    async def _hold(self, ready: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            ready.set()
            await asyncio.get_running_loop().create_future()

    def spawn(self, work: Coroutine[Any, Any, None], what: str) -> None:
        """Run `work`, if there is still somebody to own it; `what` names it in the log."""
        if self._group is None:
            work.close()
            return
        self._group.create_task(self._guarded(work, what), name=what)

    async def _guarded(self, work: Coroutine[Any, Any, None], what: str) -> None:
        try:
            await work
        except Exception:  # noqa: BLE001 - one station's fault must not end the others' gateway
            _log.exception("a task failed", task=what)

    async def stop(self) -> None:
        """End all tasks."""
        root, self._root, self._group = self._root, None, None
        if root is not None:
            root.cancel()
            await asyncio.gather(root, return_exceptions=True)
