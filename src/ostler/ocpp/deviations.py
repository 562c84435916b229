"""What was wrong with a message, in words that can be counted."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec

from ostler.ocpp import rough
from ostler.ocpp.errors import ErrorCode, OcppError

MAX_KEPT: Final = 20
MAX_GOT: Final = 100


class Rule(StrEnum):
    """A kind of deviation from the schema."""

    DEFAULTED = "defaulted"
    DROPPED = "dropped"
    EMPTY = "empty"
    FRAME = "frame"
    MESSAGE_ID = "message-id"
    MISSING = "missing"
    MISSPELT_PROPERTY = "misspelt-property"
    MISSPELT_WORD = "misspelt-word"
    NOT_A_LIST = "not-a-list"
    NOT_JSON = "not-json"
    NULL = "null"
    OUT_OF_RANGE = "out-of-range"
    TIME = "time"
    TOO_FEW = "too-few"
    TOO_LONG = "too-long"
    TOO_MANY = "too-many"
    UNKNOWN_PROPERTY = "unknown-property"
    UNKNOWN_WORD = "unknown-word"
    UNSTORABLE_TEXT = "unstorable-text"
    WRONG_TYPE = "wrong-type"


# OCPP-J 1.6 §4.2.3: which code tells of which fault. What is not named here is a PropertyConstraintViolation.
_CODES: Mapping[Rule, ErrorCode] = {
    Rule.DEFAULTED: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.FRAME: ErrorCode.FORMAT_VIOLATION,
    Rule.MESSAGE_ID: ErrorCode.FORMAT_VIOLATION,
    Rule.MISSING: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.MISSPELT_PROPERTY: ErrorCode.FORMAT_VIOLATION,
    Rule.NOT_A_LIST: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Rule.NOT_JSON: ErrorCode.FORMAT_VIOLATION,
    Rule.NULL: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Rule.TIME: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
    Rule.TOO_FEW: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.TOO_MANY: ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION,
    Rule.UNKNOWN_PROPERTY: ErrorCode.FORMAT_VIOLATION,
    Rule.WRONG_TYPE: ErrorCode.TYPE_CONSTRAINT_VIOLATION,
}


class Deviation(msgspec.Struct, frozen=True):
    """One thing that was mended: where, the rule it broke, and the first 100 characters of it."""

    path: str
    rule: str
    got: str = ""


class Notes:
    """Gathers the deviations of one message, or refuses the first one when `strict`."""

    __slots__ = ("_found", "_strict")

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict
        self._found: list[Deviation] = []

    def add(self, path: str, rule: Rule, got: object = "", *, name: str = "") -> None:
        """Note a deviation; `name` tells more exactly than `rule` what is wrong."""
        if self._strict:
            raise self.unusable(path, rule, got, name=name)
        if len(self._found) < MAX_KEPT:
            self._found.append(Deviation(path, name or rule.value, _short(got)))

    def unusable(self, path: str, rule: Rule, got: object = "", *, name: str = "") -> OcppError:
        """Return the error that names the field."""
        where = f"'{path}'" if path else "the payload"
        shown = f" ({_short(got)})" if got != "" else ""
        return OcppError(
            _CODES.get(rule, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION), f"{where}: {name or rule.value}{shown}"
        )

    def kept(self) -> tuple[Deviation, ...]:
        """Return what was noted, in the order of the message."""
        return tuple(self._found)


def _short(got: Any) -> str:
    text = got if isinstance(got, str) else rough.dump(got).decode()
    return rough.storable(text[:MAX_GOT])
