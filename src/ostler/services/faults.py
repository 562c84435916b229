"""Why a service did not do what it was asked: sentences for people, raised before anything was written."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class Fault(Exception):  # noqa: N818 - it is an answer, not a failure of the program
    """Base; `detail` is a sentence that says what to do, `field` the part of the request that it is about."""

    def __init__(self, detail: str, *, field: str = "") -> None:
        super().__init__(detail)
        self.detail = detail
        self.field = field


class Missing(Fault):
    """There is no such thing."""


class Conflict(Fault):
    """It would contradict what is there: a name that is taken, the last administrator, ..."""


class Unfit(Fault):
    """A value that cannot be used."""


class Several(Fault):
    """Many values that cannot be used, found at once; `faults` are in the order of the request."""

    def __init__(self, detail: str, faults: list[Fault]) -> None:
        super().__init__(detail)
        self.faults = faults


def nearest(word: str, words: Iterable[str]) -> str:
    """` Did you mean "..."?` for the word that looks most like `word`, or nothing."""
    known = {candidate.casefold(): candidate for candidate in words}
    found = difflib.get_close_matches(word.casefold(), known, n=1, cutoff=0.5)
    return f' Did you mean "{known[found[0]]}"?' if found else ""
