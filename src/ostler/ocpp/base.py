"""What every generated OCPP message is made of: versions, messages that know their answer, word lists."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Self, TypeVar

import msgspec
from msgspec import Meta

__all__ = ["Int", "Message", "Request", "Response", "Send", "Time", "Version", "Word"]

# The schemas set no bounds, but every database and most stations end at 64 bits.
Int = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
Time = Annotated[datetime, Meta(tz=True)]


class Version(StrEnum):
    """A version of OCPP-J that Ostler speaks."""

    V16 = "1.6"
    V201 = "2.0.1"
    V21 = "2.1"

    @property
    def subprotocol(self) -> str:
        """The name under which WebSocket peers agree on this version."""
        return f"ocpp{self.value}"


class Word(StrEnum):
    """A word list of the specification; stations also send words that are not in it."""

    __hash__ = str.__hash__  # that of Enum is written in Python, and samples are looked up by five words

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the member for `text`, or a word outside the list that is kept nowhere but in the result."""
        member = cls._value2member_map_.get(text)
        if isinstance(member, cls):
            return member
        word = str.__new__(cls, text)
        word._name_ = text
        word._value_ = text
        return word

    @property
    def known(self) -> bool:
        """Whether the word stands in the specification's list."""
        return self._value_ in type(self)._value2member_map_


class Message(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    forbid_unknown_fields=True,
    rename="camel",
):
    """A payload or a part of one; an optional field that is absent is None."""


class Response(Message, frozen=True, kw_only=True):
    """The payload of a CALLRESULT."""


R = TypeVar("R", bound=Response)


class Request(Message, Generic[R], frozen=True, kw_only=True):
    """The payload of a CALL that is answered with an R."""

    action: ClassVar[str]
    response_type: ClassVar[type[Response]]


class Send(Message, frozen=True, kw_only=True):
    """The payload of a SEND, which has no answer (OCPP 2.1)."""

    action: ClassVar[str]
