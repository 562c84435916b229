"""The words of `websocket.py`: what a `FrameReader` reports, for which role, with which close codes."""

from __future__ import annotations

from enum import Enum
from typing import Final

import msgspec

# Close codes of RFC 6455 §7.4.1; NO_STATUS and ABNORMAL never travel, they only say what we saw.
PROTOCOL_ERROR: Final = 1002
NO_STATUS: Final = 1005
ABNORMAL: Final = 1006
INVALID_DATA: Final = 1007
TOO_BIG: Final = 1009


class Role(Enum):
    """Which end of the connection we are: a server reads masked frames, a client writes them."""

    SERVER = "server"
    CLIENT = "client"


class Event(msgspec.Struct, frozen=True, gc=False):
    """Something that arrived."""


class Text(Event, frozen=True, gc=False):
    """A whole text message; the bytes are not checked to be UTF-8."""

    payload: bytes


class Binary(Event, frozen=True, gc=False):
    """A whole binary message."""

    payload: bytes


class Ping(Event, frozen=True, gc=False):
    """A ping, to be answered with `pong_frame(payload)`."""

    payload: bytes


class Pong(Event, frozen=True, gc=False):
    """A pong, asked for or not."""

    payload: bytes


class Close(Event, frozen=True, gc=False):
    """The other side closes: answer with `close_frame(code)`; `NO_STATUS` when it gave no code."""

    code: int
    reason: str


class Failed(Event, frozen=True, gc=False):
    """The connection is beyond use: write `close_frame(code, reason)` and close it.

    With code `ABNORMAL` it has ended already and nothing can be written.
    """

    code: int
    reason: str


def may_travel(code: int) -> bool:
    """Tell whether a close frame may carry `code`: RFC 6455 §7.4 and those registered since (1012-1014)."""
    return (1000 <= code <= 1014 and code not in {1004, NO_STATUS, ABNORMAL}) or 3000 <= code <= 4999
