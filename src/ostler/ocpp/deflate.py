"""permessage-deflate (RFC 7692) without context takeover: an idle connection holds no window."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from typing import Final

_SYNC_TAIL: Final = b"\x00\x00\xff\xff"
# zlib cannot make a raw stream with a window of 256 bytes (8 bits), and RFC 7692 knows none above 15 bits.
_WINDOW_BITS: Final = {str(bits): bits for bits in range(9, 16)}
_CLIENT_WINDOW_BITS: Final = {str(bits) for bits in range(8, 16)}
# Our messages are small and each starts a compressor: with the default, 8, that takes 12 us instead of 4.
_MEMORY_LEVEL: Final = 5


class InflateError(Exception):
    """The compressed payload cannot be read."""


class InflatedTooLargeError(Exception):
    """The payload unpacks to more bytes than allowed."""


class Deflate:
    """What was agreed for one connection; it keeps no state between messages."""

    __slots__ = ("_window_bits",)

    def __init__(self, window_bits: int = 15) -> None:
        """Take the base-two logarithm of the largest window we may use, 9 to 15."""
        self._window_bits = window_bits

    @property
    def response(self) -> str:
        """The value for our Sec-WebSocket-Extensions header."""
        text = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
        return text if self._window_bits == 15 else f"{text}; server_max_window_bits={self._window_bits}"

    def compress(self, payload: bytes) -> bytes:
        """Return the compressed payload of one message (RFC 7692 §7.2.1)."""
        packer = zlib.compressobj(wbits=-self._window_bits, memLevel=_MEMORY_LEVEL)
        packed = packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH)
        return packed[: -len(_SYNC_TAIL)]

    def decompress(self, payload: bytes, max_bytes: int) -> bytes:
        """Return the message in `payload`; never unpacks more than one byte past `max_bytes`.

        Raises `InflateError` or `InflatedTooLargeError`.
        """
        unpacker = zlib.decompressobj(wbits=-15)
        try:
            message = unpacker.decompress(payload + _SYNC_TAIL, max_bytes + 1)
        except zlib.error as error:
            raise InflateError(str(error)) from error
        if len(message) > max_bytes:
            raise InflatedTooLargeError
        return message


def negotiate(offers: Iterable[str]) -> Deflate | None:
    """Return what we accept of a client's extension offers, or None.

    We always ask both sides to forget their window after each message, which RFC 7692 §7.1.1 allows
    a server to do whether the client offered it or not.
    """
    for offer in offers:
        name, *parameters = (part.strip() for part in offer.split(";"))
        if name.lower() == "permessage-deflate":
            window_bits = _window_bits(parameters)
            if window_bits is not None:
                return Deflate(window_bits)
    return None


def _window_bits(parameters: Iterable[str]) -> int | None:
    """Return the window that an offer leaves us, or None when the offer must be declined."""
    seen: set[str] = set()
    window_bits: int | None = 15
    for parameter in parameters:
        name, equals, value = (part.strip(' \t"') for part in parameter.partition("="))
        if name in seen:
            return None
        seen.add(name)
        match name, equals:
            case (
                ("server_no_context_takeover" | "client_no_context_takeover" | "client_max_window_bits"),
                "",
            ):
                pass
            case "client_max_window_bits", "=" if value in _CLIENT_WINDOW_BITS:
                pass
            case "server_max_window_bits", "=":
                window_bits = _WINDOW_BITS.get(value)
            case _:
                return None
    return window_bits
