"""The servers that are measured, each started as a user would and watched through /proc."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bench import frames
from ostler.services import stations, tokens
from ostler.store.session import open_database

ROOT = Path(__file__).parents[1]
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A running process and where it listens."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, tls_port: int = 0) -> None:
        self.process = process
        self.port = port
        self.tls_port = tls_port

    def cpu_s(self) -> float:
        """CPU seconds of all its threads so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_kib(self) -> int:
        """Resident memory."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.process.pid}/status").read_text())
        return int(found[1]) if found else 0


def free_port() -> int:
    """A port that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def ostler(known: int, *, profiled: str = "") -> Iterator[Server]:
    """`ostler serve` with SQLite FULL and `known` stations that may charge with one token.

    The limit of messages per station is lifted: a station of the load asks thousands of times a second.
    """
    folder = Path(tempfile.mkdtemp(prefix="ostler-bench-", dir=os.environ.get("BENCH_DIR")))
    try:
        _register(folder / "data", known)
        certificate, key = _certificate(folder)
        port, tls_port = free_port(), free_port()
        environment = os.environ | {
            "OSTLER__OCPP__MESSAGES_PER_SECOND": "1000000",
            "OSTLER__OCPP__MESSAGE_BURST": "1000000",
            "OSTLER__OCPP__TLS_PORT": str(tls_port),
            "OSTLER__OCPP__TLS_CERTIFICATE": str(certificate),
            "OSTLER__OCPP__TLS_KEY": str(key),
        }
        options = ["--data", str(folder / "data"), "--host", "127.0.0.1", "--ocpp-port", str(port)]
        program = [sys.executable, "-m", "bench.profiled", profiled] if profiled else [_command()]
        with _running(
            [*program, "serve", *options, "--http-port", str(free_port())], port, environment
        ) as process:
            yield Server(process, port, tls_port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def peer_ocpp() -> Iterator[Server]:
    """A central system on the PyPI package `ocpp` that stores nothing."""
    port = free_port()
    with _running([sys.executable, "-m", "bench.peer_ocpp", str(port)], port, dict(os.environ)) as process:
        yield Server(process, port)


def _command() -> str:
    found = Path(sys.executable).with_name("ostler")
    if not found.exists():
        sys.exit(f"{found} is missing: run `make bench`, which installs it.")
    return str(found)


def _register(data: Path, known: int) -> None:
    now = datetime.now(UTC)
    with open_database(data) as db:
        for number in range(known):
            stations.create(db, f"BENCH{number:05d}", stations.Fields(authorization="all"), now=now)
        tokens.create_token(db, tokens.NewToken(id_token=frames.TOKEN, parallel=True), now)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "tls.crt", folder / "tls.key"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files[1].write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return files


@contextlib.contextmanager
def _running(command: list[str], port: int, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    with tempfile.TemporaryFile() as told:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=told, stderr=told)
        try:
            _wait_until_it_listens(process, port)
            yield process
        except BaseException:
            told.seek(0)
            sys.stderr.write(told.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_listens(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError("the server does not listen")
