"""Decisions about transactions: what makes two reports the same, and how much energy one took."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import NamedTuple

from ostler.domain.registers import disagrees

SLACK = timedelta(minutes=5)
LARGEST_NUMBER = 2**31 - 1


def key(*parts: object) -> str:
    """A short text that is equal for equal parts."""
    text = "\x1f".join(map(str, parts))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()


class Energy(NamedTuple):
    """What a transaction took; None where that is unknown. `odd`: start, stop and samples do not agree."""

    energy_wh: float | None
    odd: bool


def energy(
    *,
    meter_start_wh: float | None,
    meter_stop_wh: float | None,
    sampled_wh: float | None,
    seconds: float,
    unsampled_s: float,
) -> Energy:
    """Stop minus start (OCPP 1.6 §3.16); from the samples where these make no sense.

    `sampled_wh` is None without samples of a register; `unsampled_s` is the time from the last to the stop.
    """
    if meter_start_wh is None or meter_stop_wh is None:
        return Energy(sampled_wh, False)
    total = meter_stop_wh - meter_start_wh
    if total < 0:
        return Energy(sampled_wh, True)
    odd = sampled_wh is not None and disagrees(total, sampled_wh, seconds=seconds, unsampled_s=unsampled_s)
    return Energy(total, odd)
