"""Station keys: random, kept as salted SHA-256.

A slow hash protects passwords that people think up; 20 random bytes need none, and 10,000 stations that
reconnect at once would cost it minutes.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import os
from typing import Final, NamedTuple

KEY_BYTES: Final = 20  # OCPP-J 1.6 §6.2.2: AuthorizationKey is 20 bytes, sent as 40 hexadecimal digits
_SALT_BYTES: Final = 16
_NOBODYS_SALT: Final = bytes(_SALT_BYTES)
_NOBODYS_HASH: Final = bytes(hashlib.sha256().digest_size)


class Kept(NamedTuple):
    """What is stored of a key."""

    salt: bytes
    hash: bytes


def make_key() -> str:
    """Return a new random key as 40 hexadecimal digits."""
    return os.urandom(KEY_BYTES).hex()


def plain(key: bytes) -> bytes:
    """Return the bytes that hexadecimal digits stand for, anything else as it is.

    A station that was given `6b6579` shows either the digits, in any case, or the three bytes.
    """
    try:
        return binascii.unhexlify(key) or key
    except (binascii.Error, ValueError):
        return key


def hash_key(key: bytes, salt: bytes) -> bytes:
    """Return the hash of `key`, which is the same for the bytes and for their hexadecimal digits."""
    return hashlib.sha256(salt + plain(key)).digest()


def keep(key: bytes) -> Kept:
    """Return what to store of a new key."""
    salt = os.urandom(_SALT_BYTES)
    return Kept(salt, hash_key(key, salt))


def matches(shown: bytes, salt: bytes | None, expected: bytes | None) -> bool:
    """Whether `shown` is the kept key; takes as long when there is none.

    A password that itself looks hexadecimal may have been sent to the station as the digits of its digits,
    so one more decoding is tried.
    """
    known = salt is not None and expected is not None
    salt, expected = salt or _NOBODYS_SALT, expected or _NOBODYS_HASH
    once = hmac.compare_digest(hash_key(shown, salt), expected)
    twice = hmac.compare_digest(hash_key(plain(shown), salt), expected)
    return (once or twice) and known
