"""Who asks too much: token buckets, and failed attempts to come in, in bounded memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Final

from ostler.services.addresses import network

_MOST_BUCKETS: Final = 10_000
# A person who mistypes a key, or a station with a wrong one, stays below both.
_PAIR_BURST: Final = 10.0
_PAIR_PER_SECOND: Final = 0.2
_ADDRESS_BURST: Final = 100.0
_ADDRESS_PER_SECOND: Final = 2.0


class Bucket:
    """Lets `burst` through at once and `per_second` after that."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float, per_second: float, now: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = burst
        self._at = now

    def take(self, now: float, many: int = 1) -> float:
        """Take so many; returns 0.0, or how many seconds to wait until what was missing is there."""
        left = min(self._burst, self._left + (now - self._at) * self._per_second) - many
        self._at = now
        self._left = left
        return 0.0 if left >= 0.0 else -left / self._per_second

    def try_take(self, now: float) -> bool:
        """Take one if there is one."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


class _Buckets:
    """A bucket per key; the one that was idle longest is forgotten first, and is then full again."""

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._buckets: OrderedDict[Hashable, Bucket] = OrderedDict()

    def try_take(self, key: Hashable, now: float) -> bool:
        bucket = self._buckets.get(key)
        if bucket is None:
            if len(self._buckets) >= _MOST_BUCKETS:
                self._buckets.popitem(last=False)
            bucket = self._buckets[key] = Bucket(self._burst, self._per_second, now)
        else:
            self._buckets.move_to_end(key)
        return bucket.try_take(now)


class FailedAttempts:
    """Counts who was refused. It is asked only after a key was found wrong, so a right key always gets in."""

    def __init__(self) -> None:
        self._pairs = _Buckets(_PAIR_BURST, _PAIR_PER_SECOND)
        self._addresses = _Buckets(_ADDRESS_BURST, _ADDRESS_PER_SECOND)

    def may_try(self, address: str, identity: str, now: float) -> bool:
        """Count one; False when `address` has failed too often of late."""
        place = network(address)
        pair = self._pairs.try_take((place, identity), now)
        return self._addresses.try_take(place, now) and pair
