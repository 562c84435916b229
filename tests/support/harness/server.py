"""`ostler serve` as a user starts it: a process of its own, with free ports."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import pytest

OSTLER = str(Path(sys.executable).with_name("ostler"))
UP_WITHIN_S = 40.0
DOWN_WITHIN_S = 35.0
LOOK_EVERY_S = 0.02


class Server:
    """A server whose data lies in `folder`/data; started again, it listens where it did before."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.data = folder / "data"
        self.log = folder / "server.log"
        self.http = self.ocpp = ""
        self._folder = folder
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None
        self._ports = ("0", "0")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when the server says that it is ready; fails the test with its log when it does not."""
        seen = self.log.stat().st_size if self.log.exists() else 0
        command = [OSTLER, "serve", "--host", "127.0.0.1", "--data", str(self.data)]
        command += ["--http-port", self._ports[0], "--ocpp-port", self._ports[1], *self._arguments]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdout=output, stderr=subprocess.STDOUT
            )
        ready = self._wait_until_ready(seen)
        self.http, self.ocpp = ready["http"].rstrip("/"), ready["ocpp"].rstrip("/")
        self._ports = (self.http.rpartition(":")[2], self.ocpp.rpartition(":")[2])

    def kill(self) -> None:
        """As a power cut would: no goodbye, nothing written that is not written."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> int:
        """As a supervisor would; returns the exit code."""
        assert self._process is not None
        if self.alive:
            self._process.send_signal(signal.SIGTERM)
        return self._process.wait(timeout=DOWN_WITHIN_S)

    def run(self, *arguments: str) -> str:
        """Run another command on the same data; returns what it prints."""
        command = [OSTLER, *arguments, "--data", str(self.data)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._folder, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def client(self, role: str = "administrator") -> httpx.Client:
        """A client of the REST interface with an API token of that role."""
        return httpx.Client(**self._access(role))

    def async_client(self, role: str = "administrator") -> httpx.AsyncClient:
        """The same for tests that are a station at the same time."""
        return httpx.AsyncClient(**self._access(role))

    def _access(self, role: str) -> dict[str, Any]:
        token = self.run("api-token", "create", "--name", "test", "--role", role)
        return {
            "base_url": f"{self.http}/api/v1",
            "headers": {"Authorization": f"Bearer {token}"},
            "timeout": 30,
        }

    def _wait_until_ready(self, seen: int) -> dict[str, Any]:
        pause = Event()
        for _ in range(round(UP_WITHIN_S / LOOK_EVERY_S)):
            with self.log.open("rb") as log:
                log.seek(seen)
                for line in log:
                    if b'"ready"' in line and line.endswith(b"\n"):
                        return json.loads(line)
            if not self.alive:
                break
            pause.wait(LOOK_EVERY_S)
        pytest.fail(f"The server did not come up:\n{self.log.read_text()}", pytrace=False)


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Server]:
    """A server until the end of the block."""
    server = Server(folder, *arguments)
    try:
        server.start()
        yield server
        assert server.stop() == 0, server.log.read_text()
    finally:
        server.kill()
