"""Why the server could not start."""

from __future__ import annotations

import errno
import ssl

from ostler.gateway.settings import GatewaySettings


class StartError(Exception):
    """A sentence that says what is wrong and what to do; the command line shows it and ends with 1."""


def cannot_listen(error: OSError, *, host: str, port: int, option: str) -> StartError:
    """What to tell about a port that cannot be had; `option` chooses another one."""
    if error.errno == errno.EADDRINUSE:
        return StartError(
            f"Port {port} is in use already, perhaps by another Ostler."
            f" Stop that program, or choose another port with {option}."
        )
    if error.errno == errno.EACCES:
        return StartError(
            f"Port {port} may not be used without more rights. Choose one above 1023 with {option}."
        )
    return StartError(f"Cannot listen on {host} port {port}: {error.strerror or error}.")


def check_certificate(ocpp: GatewaySettings) -> None:
    """Raise `StartError` when the TLS listener is wanted and its files cannot be used."""
    certificate, key = ocpp.tls_certificate, ocpp.tls_key
    if ocpp.tls_port is None or certificate is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key)
    except OSError as error:
        raise StartError(
            f"The certificate {certificate} and the key {key} cannot be used: {error.strerror or error}."
        ) from error
