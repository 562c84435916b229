"""What one model of station is like: data that the machine reads, apart from the machine."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """What the text of a configuration key holds."""

    FLAG = "flag"
    NUMBER = "number"
    TEXT = "text"
    WORDS = "words"
    """A list of words with commas between them, all from `Key.choices`."""


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration key; `largest` bounds a number's value or a list's length."""

    name: str
    value: str = ""
    kind: Kind = Kind.TEXT
    readonly: bool = False
    secret: bool = False
    """May be written, never read."""
    reboot: bool = False
    """A new value counts only after a reboot."""
    smallest: int = 0
    largest: int | None = None
    choices: tuple[str, ...] = ()


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model of station. `max_a` is what one connector can give on each phase."""

    vendor: str
    model: str
    firmware: str
    connectors: int = 1
    phases: int = 3
    max_a: float = 32.0
    meter_type: str | None = None
    register_wh: int = 0
    """What the meters show when the station is new."""
    keys: tuple[Key, ...]
    triggers: tuple[str, ...]
    """Messages that TriggerMessage and ExtendedTriggerMessage can ask for."""
    data_transfer_vendors: tuple[str, ...] = ()
    unlocks: bool = True
    boot_s: float = 2.0
    """How long a restart takes."""
