"""JSON as stations write it: reads what a strict parser refuses, as long as its meaning is clear."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import msgspec

MAX_DEPTH = 64
_MAX_DIGITS = 300
_LONGEST = 2**63
_LONG_NUMBER = re.compile(rb"\d{19}")

# A string that never ends is taken to the end of the text, so that the scan stays linear.
_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"

_decode = msgspec.json.Decoder().decode


def too_deep(data: bytes) -> bool:
    """Whether arrays and objects are nested deeper than any OCPP message."""
    if data.count(b"[") + data.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    for token in _TOKEN.finditer(data):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif token[0] in (b"]", b"}"):
            depth -= 1
    return False


def has_long_number(data: bytes) -> bool:
    """Whether `data` holds digits enough for an integer of more than 64 bits."""
    return _LONG_NUMBER.search(data) is not None


def parse(data: bytes) -> tuple[Any, bool]:
    """Return the value of JSON text and whether it is strictly JSON; raises ValueError where there is none.

    Survives a byte order mark, bytes that are not UTF-8, control characters, lone surrogates, NaN and numbers
    of any length; NaN and infinite numbers become None. Text may still hold what `storable` replaces.
    """
    if too_deep(data):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    try:
        return _decode(data), True
    except (msgspec.DecodeError, UnicodeDecodeError):
        text = data.decode("utf-8-sig", "replace")
    try:
        value = json.loads(
            text, strict=False, parse_constant=_nothing, parse_int=_integer, parse_float=_finite
        )
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from error
    return value, False


def dump(value: Any) -> bytes:
    """Return compact JSON of a value that `parse` gave."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def readable(data: bytes) -> bytes:
    """Return `data` itself if it is UTF-8, else with the broken bytes replaced."""
    return data if data.isascii() else data.decode("utf-8", "replace").encode()


def storable(text: str) -> str:
    """Return `text` with U+0000 and lone surrogates replaced, which no database and no JSON can hold."""
    return _UNSTORABLE.sub(REPLACEMENT, text)


def all_storable(value: Any) -> Any:
    """Return `value`, which `parse` gave, with all text in it `storable`."""
    match value:
        case str():
            return storable(value)
        case list():
            return [all_storable(item) for item in value]
        case dict():
            return {storable(key): all_storable(item) for key, item in value.items()}
        case _:
            return value


def all_short(value: Any) -> Any:
    """Return `value`, which `parse` gave, with longer integers than 64 bits as floats."""
    match value:
        case list():
            return [all_short(item) for item in value]
        case dict():
            return {key: all_short(item) for key, item in value.items()}
        case int() if abs(value) >= _LONGEST:
            return _finite(str(value))
        case _:
            return value


def _nothing(_constant: str) -> None:
    return None


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _integer(digits: str) -> int | float | None:
    return int(digits) if len(digits) <= _MAX_DIGITS else _finite(digits)
