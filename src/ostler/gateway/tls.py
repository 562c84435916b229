"""The TLS side of the door: one context, whose certificate may change while connections live."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Final

import structlog

_log = structlog.get_logger()
# OCPP 1.6 security whitepaper ed. 3: at least these four, for TLS 1.2; those of TLS 1.3 are on anyway.
_CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20:AES256-GCM-SHA384:AES128-GCM-SHA256"


class Certificate:
    """Certificate chain and key in two PEM files; raises `OSError` when they cannot be used."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self._files = (certificate, key)
        self.context = self._new()
        self._stamp = self._stamped()

    def reload(self, *, force: bool = False) -> bool:
        """Use the files anew if they changed; living connections stay, a broken file changes nothing."""
        stamp = self._stamped()
        if stamp == self._stamp and not force:
            return False
        self._stamp = stamp
        try:
            self._new()  # a context of its own first: a key that does not fit must not spoil the one in use
            self.context.load_cert_chain(*self._files)
        except (OSError, ssl.SSLError) as error:
            _log.error("the new certificate cannot be used; the old one stays", error=str(error))
            return False
        _log.info("certificate read", file=str(self._files[0]))
        return True

    def _new(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # The place for security profile 3: verify_mode and the roots of client certificates.
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
        context.set_ciphers(_CIPHERS)
        context.load_cert_chain(*self._files)
        return context

    def _stamped(self) -> tuple[tuple[int, int], ...]:
        stamps = []
        for file in self._files:
            try:
                found = file.stat()
                stamps.append((found.st_mtime_ns, found.st_size))
            except OSError:
                stamps.append((0, 0))
        return tuple(stamps)
