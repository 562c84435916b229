"""WebSocket masking (RFC 6455 §5.3), as fast as plain Python can."""

from __future__ import annotations

from typing import Final

# Up to this many bytes one XOR of two long integers is fastest, above it four strided translations:
# 0.6 against 1.0 us at 200 bytes, 3.0 against 2.3 us at 1,400.
_LARGEST_INTEGER: Final = 500
_TABLES: Final = tuple(bytes(value ^ key for value in range(256)) for key in range(256))


def masked(payload: bytes, key: bytes) -> bytes:
    """Return `payload` masked with the four bytes of `key`, or unmasked, which is the same."""
    length = len(payload)
    if length <= _LARGEST_INTEGER:
        pattern = (key * (length // 4 + 1))[:length]
        number = int.from_bytes(payload, "little") ^ int.from_bytes(pattern, "little")
        return number.to_bytes(length, "little")
    result = bytearray(payload)
    first, second, third, fourth = key
    result[::4] = result[::4].translate(_TABLES[first])
    result[1::4] = result[1::4].translate(_TABLES[second])
    result[2::4] = result[2::4].translate(_TABLES[third])
    result[3::4] = result[3::4].translate(_TABLES[fourth])
    return bytes(result)
