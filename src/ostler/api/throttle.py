"""Slow down those who guess passwords, and nobody else.

Only failures are counted: per address, per address and name, and per name over all addresses. The last would
let a stranger lock a person out, so an address from which that person has logged in before is exempt from it.
"""

from __future__ import annotations

from collections import OrderedDict

from ostler.services.addresses import network

MOST_KEYS = 10_000
EACH_ADDRESS = (30, 2.0)
EACH_PAIR = (5, 10.0)
EACH_NAME = (100, 5.0)
"""How many failures at once, and after how many seconds another one is allowed."""


class Failures:
    """Buckets that fill by one per failure and leak by time, in bounded memory: the oldest is forgotten."""

    def __init__(self, size: int, seconds: float) -> None:
        self._size = size
        self._seconds = seconds
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, key: str, now: float) -> float:
        """How long until another attempt is allowed; 0: now."""
        level = self._level(key, now)
        return max(0.0, (level - self._size + 1) * self._seconds)

    def count(self, key: str, now: float) -> None:
        """Note a failure."""
        self._levels[key] = (min(self._level(key, now) + 1, self._size), now)
        self._levels.move_to_end(key)
        if len(self._levels) > MOST_KEYS:
            self._levels.popitem(last=False)

    def clear(self, key: str) -> None:
        """Forget the failures of `key`."""
        self._levels.pop(key, None)

    def _level(self, key: str, now: float) -> float:
        level, since = self._levels.get(key, (0.0, now))
        return max(0.0, level - (now - since) / self._seconds)


class LoginThrottle:
    """Who must wait before the next login; `now` is any monotonic clock in seconds."""

    def __init__(self) -> None:
        self._addresses = Failures(*EACH_ADDRESS)
        self._pairs = Failures(*EACH_PAIR)
        self._names = Failures(*EACH_NAME)
        self._trusted: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, address: str, name: str, now: float) -> float:
        """Seconds to wait before `name` may try from `address`; 0: go on."""
        pair = _pair(address, name)
        waits = [self._addresses.wait_s(network(address), now), self._pairs.wait_s(pair, now)]
        if pair not in self._trusted:
            waits.append(self._names.wait_s(name.casefold(), now))
        return max(waits)

    def failed(self, address: str, name: str, now: float) -> None:
        """A wrong name or password."""
        self._addresses.count(network(address), now)
        self._pairs.count(_pair(address, name), now)
        self._names.count(name.casefold(), now)

    def succeeded(self, address: str, name: str) -> None:
        """The person knows the password: the address is trusted with this name."""
        pair = _pair(address, name)
        self._pairs.clear(pair)
        self._trusted[pair] = None
        self._trusted.move_to_end(pair)
        if len(self._trusted) > MOST_KEYS:
            self._trusted.popitem(last=False)


def _pair(address: str, name: str) -> str:
    return f"{network(address)} {name.casefold()}"
