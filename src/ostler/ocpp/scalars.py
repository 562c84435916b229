"""Single values as stations write them: of another type, or in another spelling, than the schema asks."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

from msgspec import inspect

from ostler.ocpp import rough, times
from ostler.ocpp.base import Word
from ostler.ocpp.deviations import Notes, Rule

_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d{1,3})?")
_BLANKS = re.compile(r"\s+")
_INT64: Final = 2**63 - 1
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}


class UnusableError(Exception):
    """A value without a usable meaning, and which rule it broke; `name` tells more exactly than `rule`."""

    def __init__(self, path: str, rule: Rule, got: object = "", *, name: str = "") -> None:
        super().__init__(path)
        self.path, self.rule, self.got, self.name = path, rule, got, name

    def note(self, notes: Notes) -> None:
        """Note the flaw as a deviation."""
        notes.add(self.path, self.rule, self.got, name=self.name)


def read(value: Any, expected: inspect.Type, path: str, notes: Notes) -> Any:
    """Return what `value` means where `expected` stands in the schema; raises `UnusableError`."""
    if value == "" and not isinstance(expected, inspect.StrType):
        raise UnusableError(path, Rule.EMPTY)
    return _READERS[type(expected)](value, expected, path, notes)


def word_list(kind: inspect.EnumType) -> type[Word]:
    """Return the class of a word list; the messages have no other enums."""
    return cast("type[Word]", kind.cls)


def _text(value: Any, expected: inspect.StrType, path: str, notes: Notes) -> str:
    if not isinstance(value, str):
        notes.add(path, Rule.WRONG_TYPE, value)
        value = rough.dump(value).decode()
    if expected.max_length is not None and len(value) > expected.max_length:
        notes.add(path, Rule.TOO_LONG, value)
    return str(value)


def _word(value: Any, expected: inspect.EnumType, path: str, notes: Notes) -> Word:
    words = word_list(expected)
    if not isinstance(value, str):
        notes.add(path, Rule.WRONG_TYPE, value)
        value = rough.dump(value).decode()
    word = words.of(value)
    if word.known:
        return word
    meant = _spellings(words).get(_BLANKS.sub("", value).casefold())
    notes.add(path, Rule.UNKNOWN_WORD if meant is None else Rule.MISSPELT_WORD, value)
    return word if meant is None else meant


@cache
def _spellings(words: type[Word]) -> Mapping[str, Word]:
    return {word.value.casefold(): word for word in words}


def _integer(value: Any, expected: inspect.IntType, path: str, notes: Notes) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        number = _whole(value, path)
        notes.add(path, Rule.WRONG_TYPE, value)
    low = -_INT64 - 1 if expected.ge is None else expected.ge
    high = _INT64 if expected.le is None else expected.le
    if not low <= number <= high:
        notes.add(path, Rule.OUT_OF_RANGE, value)
    # No database holds more than 64 bits; what is merely beyond the schema is kept.
    return max(-_INT64 - 1, min(_INT64, number))


def _whole(value: Any, path: str) -> int:
    text = value.strip() if isinstance(value, str) else ""
    if text.lstrip("+-").isdecimal() and _NUMBER.fullmatch(text) and len(text) < 25:
        return int(text)
    return round(_number(value, path))


def _decimal(value: Any, expected: inspect.FloatType, path: str, notes: Notes) -> float:
    number = _number(value, path)
    if isinstance(value, bool | str):
        notes.add(path, Rule.WRONG_TYPE, value)
    low = -math.inf if expected.ge is None else expected.ge
    high = math.inf if expected.le is None else expected.le
    if not low <= number <= high:
        notes.add(path, Rule.OUT_OF_RANGE, value)
    return number


def _number(value: Any, path: str) -> float:
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        value = value.strip().replace(",", ".")
    elif not isinstance(value, int | float):
        raise UnusableError(path, Rule.WRONG_TYPE, value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise UnusableError(path, Rule.OUT_OF_RANGE, value)
    return number


def _flag(value: Any, _expected: inspect.BoolType, path: str, notes: Notes) -> bool:
    if isinstance(value, bool):
        return value
    flag = _FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise UnusableError(path, Rule.WRONG_TYPE, value)
    notes.add(path, Rule.WRONG_TYPE, value)
    return flag


def _time(value: Any, _expected: inspect.DateTimeType, path: str, notes: Notes) -> datetime:
    time, flaw = times.read(value)
    if flaw in (times.TimeFlaw.UNREADABLE, times.TimeFlaw.OUT_OF_RANGE):
        raise UnusableError(path, Rule.TIME, value, name=flaw.value)
    if flaw is not None:
        notes.add(path, Rule.TIME, value, name=flaw.value)
    return time


_READERS: Mapping[type[inspect.Type], Callable[[Any, Any, str, Notes], Any]] = {
    inspect.StrType: _text,
    inspect.EnumType: _word,
    inspect.IntType: _integer,
    inspect.FloatType: _decimal,
    inspect.BoolType: _flag,
    inspect.DateTimeType: _time,
}
