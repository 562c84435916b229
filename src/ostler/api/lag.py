"""How late the event loop is."""

from __future__ import annotations

import asyncio

LAG_EVERY_S = 1.0


class LoopLag:
    """How late the event loop comes to what is due, measured by sleeping."""

    def __init__(self) -> None:
        self.last_s = 0.0
        self.most_s = 0.0

    async def watch(self) -> None:
        """Measure for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self.last_s = max(0.0, loop.time() - due)
            self.most_s = max(self.most_s, self.last_s)
