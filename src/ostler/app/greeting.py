"""What is said when the server is ready: where to go next."""

from __future__ import annotations

import socket
import sys
from typing import NamedTuple

import structlog

import ostler
from ostler.settings import Settings

EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, not listened on
logger = structlog.get_logger()


class Addresses(NamedTuple):
    """The ports in use, None where there is no listener."""

    http: int
    ocpp: int | None
    ocpp_tls: int | None


def greet(settings: Settings, ports: Addresses, *, setup: bool) -> None:
    """Tell people at a terminal in words, and everything else in one event."""
    urls = addresses(settings, ports)
    data = str(settings.data.resolve())
    code = settings.http.setup_code if setup else ""
    if not sys.stderr.isatty():
        first_run = {"setup_code": code} if code else {}
        logger.info("ready", version=ostler.__version__, data=data, **urls, **first_run)
        return
    lines = [
        f"Ostler {ostler.__version__} is ready. Ctrl+C ends it.",
        "",
        f"  Pages and REST      {urls['http']}",
        *(f"  Charging stations   {urls[key]}<identity>" for key in ("ocpp", "ocpp_tls") if key in urls),
        f"  Data                {data}",
    ]
    if settings.demo:
        lines += ["", "  This is a demonstration: no login is needed, and only this machine can reach it."]
    elif code:
        lines += ["", f"  First run: open the pages and create the administrator. Setup code: {code}"]
    print("\n".join(lines), file=sys.stderr, flush=True)  # noqa: T201 - this is for the person at the terminal


def addresses(settings: Settings, ports: Addresses) -> dict[str, str]:
    """The addresses by what they are for."""
    found = {"http": f"http://{name_of(settings.http.host, 'localhost')}:{ports.http}/"}
    host = name_of(settings.ocpp.host, socket.gethostname())
    if ports.ocpp is not None:
        found["ocpp"] = f"ws://{host}:{ports.ocpp}/"
    if ports.ocpp_tls is not None:
        found["ocpp_tls"] = f"wss://{host}:{ports.ocpp_tls}/"
    return found


def name_of(host: str, everywhere: str) -> str:
    """`host` as it stands in an address; `everywhere` for one that means all of this machine's."""
    if host in EVERYWHERE:
        return everywhere
    return f"[{host}]" if ":" in host else host
