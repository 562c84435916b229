"""What `ostler doctor` looks at."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
from cryptography import x509

from ostler.settings import Settings
from ostler.store import migrations
from ostler.store.damage import is_damage
from ostler.store.database import connect
from ostler.store.lock import holder
from ostler.store.migrations.run import FILES, NewerSchemaError, is_current

State = Literal["ok", "warning", "problem"]
SCARCE_BYTES = 1_000_000_000
TOO_FEW_BYTES = 100_000_000
PLAUSIBLE = datetime(2026, 1, 1, tzinfo=UTC)
CERTIFICATE_ENDS_SOON = timedelta(days=30)


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at; `detail` says what to do if it is not ok."""

    what: str
    state: State
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Look at everything; changes nothing."""
    return [finding for look in LOOKS for finding in look(settings)]


def _folder(settings: Settings) -> Iterator[Finding]:
    data = settings.data
    if not data.is_dir():
        yield Finding("data folder", "warning", f"{data} does not exist yet; `ostler serve` makes it.")
        return
    if not os.access(data, os.W_OK):
        yield Finding("data folder", "problem", f"{data} cannot be written: see its rights and its disk.")
        return
    open_to_others = [path for path in (data, *data.iterdir()) if path.stat().st_mode & 0o077]
    if open_to_others:
        names = " ".join(str(path) for path in open_to_others)
        yield Finding("data folder", "warning", f"Others may look into it; run: chmod -R go-rwx {names}")
    else:
        yield Finding("data folder", "ok", f"{data.resolve()}, for its owner only.")


def _disk(settings: Settings) -> Iterator[Finding]:
    place = next(
        path for path in (settings.data.resolve(), *settings.data.resolve().parents) if path.exists()
    )
    free = shutil.disk_usage(place).free
    detail = f"{free / 1e9:.1f} GB free."
    if free < TOO_FEW_BYTES:
        yield Finding("disk", "problem", f"{detail} Stations cannot be answered when it is full; make room.")
    elif free < SCARCE_BYTES:
        yield Finding("disk", "warning", f"{detail} Make room, or keep less of the log (log.max_mb).")
    else:
        yield Finding("disk", "ok", detail)


def _schema(settings: Settings) -> Iterator[Finding]:
    if not (settings.data / FILES["main"]).exists():
        return
    try:
        current = is_current(settings.data)
    except (NewerSchemaError, sqlite3.Error) as error:
        yield Finding("schema", "problem", str(error))
        return
    revision = migrations.current_revision(settings.data / FILES["main"])
    if current:
        yield Finding("schema", "ok", f"up to date ({revision}).")
    else:
        yield Finding(
            "schema", "warning", f"{revision} is old; the next start of the server brings it up to date."
        )


def _integrity(settings: Settings) -> Iterator[Finding]:
    for file in FILES.values():
        path = settings.data / file
        if not path.exists():
            continue
        try:
            with closing(connect(path, readonly=True)) as connection:
                [verdict] = connection.execute("PRAGMA quick_check(1)").fetchone()
        except sqlite3.Error as error:
            verdict = str(error)
            if not is_damage(error):
                yield Finding(file, "problem", f"It cannot be read: {verdict}. See its rights and its disk.")
                continue
        if verdict == "ok":
            yield Finding(file, "ok", f"{path.stat().st_size / 1e6:.1f} MB, whole.")
        elif file == FILES["log"]:
            yield Finding(file, "warning", f"{verdict}. The server puts it aside and begins a new one.")
        else:
            yield Finding(file, "problem", f"{verdict}. Restore a backup: ostler restore FILE.")


def _server(settings: Settings) -> Iterator[Finding]:
    pid = holder(settings.data)
    if pid is not None:
        yield Finding("server", "ok", f"process {pid} serves this folder.")
        return
    yield Finding("server", "ok", "none is running on this folder.")
    ports = [("http.port", settings.http.host, settings.http.port)]
    ports += [("ocpp.port", settings.ocpp.host, settings.ocpp.port)] if settings.ocpp.plain else []
    ports += [("ocpp.tls_port", settings.ocpp.host, settings.ocpp.tls_port or 0)]
    for key, host, port in ports:
        if port and not _free(host, port):
            detail = f"{port} is used by another program; stop that, or change {key}."
            yield Finding("port", "problem", detail)


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _clock(settings: Settings) -> Iterator[Finding]:
    now = datetime.now(UTC)
    newest = max((path.stat().st_mtime for path in settings.data.glob("*.db*")), default=0.0)
    if now < PLAUSIBLE:
        yield Finding(
            "clock", "problem", f"It says {now:%Y-%m-%d}; set it, best by NTP: stations take it over."
        )
    elif newest > time.time() + 60:
        yield Finding(
            "clock", "warning", "The data is newer than the clock says now; check it, best use NTP."
        )
    else:
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S}Z; stations take it over from us.")


def _certificate(settings: Settings) -> Iterator[Finding]:
    path, key = settings.ocpp.tls_certificate, settings.ocpp.tls_key
    if settings.ocpp.tls_port is None or path is None or key is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(path, key)
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        yield Finding("certificate", "problem", f"{path} and {key} cannot be used together: {error}.")
        return
    left = ends - datetime.now(UTC)
    state: State = "problem" if left < timedelta() else "warning" if left < CERTIFICATE_ENDS_SOON else "ok"
    yield Finding(
        "certificate", state, f"valid until {ends:%Y-%m-%d}" + ("." if state == "ok" else "; renew it.")
    )


def _leftovers(settings: Settings) -> Iterator[Finding]:
    for path in sorted(Path(settings.data).glob("log.db.damaged-*[0-9]")):
        detail = f"{path.name} was damaged and put aside; delete it when nobody needs it."
        yield Finding("message log", "warning", detail)


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _folder, _disk, _schema, _integrity, _server, _clock, _certificate, _leftovers,
)  # fmt: skip
