"""What a `Peer` tells of a connection."""

from __future__ import annotations

from typing import Any

import msgspec

from ostler.ocpp.base import Request, Response, Send
from ostler.ocpp.deviations import Deviation
from ostler.ocpp.errors import ErrorCode, OcppError


class CallReceived(msgspec.Struct, frozen=True):
    """The other side asks; `raw` is the payload as it came, in UTF-8; `frames.encode_result` answers."""

    id: str
    action: str
    request: Request[Any]
    raw: bytes
    deviations: tuple[Deviation, ...]


class CallRefused(msgspec.Struct, frozen=True):
    """A message was refused by the peer itself: write `frame`.

    `raw` is the payload, or, where `action` is empty because no call could be read, the whole: any bytes.
    """

    id: str
    action: str
    raw: bytes
    frame: bytes
    error: OcppError


class SendReceived(msgspec.Struct, frozen=True):
    """The other side tells something and wants no answer (OCPP 2.1)."""

    id: str
    message: Send
    raw: bytes
    deviations: tuple[Deviation, ...]


class FrameIgnored(msgspec.Struct, frozen=True):
    """Something came that changes nothing and is not answered; `raw` may hold any bytes."""

    reason: str
    raw: bytes


class Answered(msgspec.Struct, frozen=True):
    """The call has its answer."""

    response: Response
    raw: bytes
    deviations: tuple[Deviation, ...]


class Failed(msgspec.Struct, frozen=True):
    """The other side refused the call, or its answer has no usable meaning (then `refused` is false)."""

    code: ErrorCode
    description: str
    details: dict[str, Any]
    raw: bytes
    refused: bool = True


class TimedOut(msgspec.Struct, frozen=True):
    """No answer came in time."""


class Cancelled(msgspec.Struct, frozen=True):
    """The connection ended before the answer, or before the call was written."""

    reason: str


Outcome = Answered | Failed | TimedOut | Cancelled


class CallEnded(msgspec.Struct, frozen=True):
    """A call of ours is over; `key` is what `Peer.call` was given."""

    key: object
    outcome: Outcome


Event = CallReceived | CallRefused | CallEnded | SendReceived | FrameIgnored
