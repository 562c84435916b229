"""Decode a payload: strictly where that works, else field by field, keeping all that can be understood.

A station's message is never lost for one bad unit or one long serial number: what deviates from the schema is
mended where its meaning is clear, and told as a `Deviation`.
"""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import msgspec

from ostler.ocpp import rough
from ostler.ocpp.base import Message
from ostler.ocpp.deviations import Deviation, Notes, Rule
from ostler.ocpp.mending import Mender, free_form, odd_times

__all__ = ["Decoded", "Deviation", "Rule", "decode", "exact"]

M = TypeVar("M", bound=Message)

_decoders: dict[type[Message], msgspec.json.Decoder[Any]] = {}


class Decoded(msgspec.Struct, Generic[M], frozen=True, gc=False):
    """A message and what had to be mended to read it."""

    message: M
    deviations: tuple[Deviation, ...] = ()


def exact(raw: bytes | msgspec.Raw, kind: type[M]) -> M:
    """Return the message if `raw` fits its schema; else raises msgspec.ValidationError or DecodeError."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    message: M = decoder.decode(raw)
    return message


def decode(raw: bytes, kind: type[M], *, strict: bool = False) -> Decoded[M]:
    """Return the message that `raw` means.

    Raises `OcppError` when it has no usable meaning, or with `strict` at the first deviation from the schema.
    """
    # The typed decoder takes null for an absent field and lets U+0000 pass, so these two go the slow way.
    if b"null" not in raw and (b"\\" not in raw or b"\\u0000" not in raw):
        try:
            message = exact(raw, kind)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass
        else:
            if not (odd_times(message) or _wild(raw, kind)):
                return Decoded(message)
    return _mend(raw, kind, Notes(strict=strict))


def _wild(raw: bytes, kind: type[Message]) -> bool:
    """Whether a field that may hold any JSON holds what we could not store or write again."""
    names = free_form(kind)
    if not names or not any(name in raw for name in names):
        return False
    return rough.too_deep(raw) or rough.has_long_number(raw)


def _storable(value: Any, notes: Notes) -> Any:
    clean = rough.all_storable(value)
    if clean != value:
        notes.add("", Rule.UNSTORABLE_TEXT, value)
    return clean


def _mend(raw: bytes, kind: type[M], notes: Notes) -> Decoded[M]:
    try:
        value, flawless = rough.parse(raw)
    except ValueError as error:
        raise notes.unusable("", Rule.NOT_JSON, str(error)) from error
    if not flawless:
        notes.add("", Rule.NOT_JSON, value)
    if not flawless or b"\\u" in raw:
        value = _storable(value, notes)
    return Decoded(Mender(notes, with_null=b"null" in raw or not flawless).payload(value, kind), notes.kept())
