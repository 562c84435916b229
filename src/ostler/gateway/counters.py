"""What the gateway counts, for whoever shows it."""

from __future__ import annotations

from collections import defaultdict


class Counters:
    """Plain numbers since the start; read them at any time from the event loop."""

    __slots__ = ("connections", "messages", "refused", "take_overs")

    def __init__(self) -> None:
        self.messages: defaultdict[tuple[str, str, str], int] = defaultdict(int)
        """By direction, action and outcome; actions that OCPP does not know are counted together."""
        self.connections = 0
        self.take_overs = 0
        self.refused = 0

    def count(self, direction: str, action: str, outcome: str) -> None:
        """Count a message."""
        self.messages[direction, action, outcome] += 1
