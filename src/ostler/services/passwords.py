"""Secrets of people and programs: passwords are hashed slowly, random tokens fast."""

from __future__ import annotations

import hashlib
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ostler.services.faults import Unfit

API_TOKEN_PREFIX = "ost_"  # noqa: S105 - it lets people and scanners recognise a token
SHORTEST, LONGEST = 8, 1024
_HASHER = PasswordHasher()


def hash_password(password: str) -> str:
    """Hash a new password with argon2id; some 50 ms of CPU, so never inside the writer. Raises `Unfit`."""
    if not SHORTEST <= len(password) <= LONGEST:
        detail = f"Choose a password of at least {SHORTEST} and at most {LONGEST} characters."
        raise Unfit(detail, field="password")
    return _HASHER.hash(password)


def check_password(stored: str | None, password: str) -> bool:
    """Whether `password` is the one behind `stored`; takes as long when there is no such user (None)."""
    decoy = _decoy()
    try:
        _HASHER.verify(stored or decoy, password[:LONGEST])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


@cache
def _decoy() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


def make_token(prefix: str = "") -> str:
    """A random token of 32 bytes."""
    return prefix + secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """What we keep of a random token: it cannot be guessed, so a fast hash is enough."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).digest()
