"""A running server, started as a user starts it, and Debian's chromium before it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import NamedTuple

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

WEB = Path(__file__).parents[2] / "src/ostler/web/index.html"
UP_WITHIN_S = 30
# Chromium looks for news of its own at every start; nothing of that belongs into a test.
QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


class Server(NamedTuple):
    """Where a running server can be reached."""

    http: str
    ocpp: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    pause = Event()
    for _ in range(UP_WITHIN_S * 20):
        if process.poll() is not None:
            pytest.fail(f"The server ended by itself:\n{log.read_text()}")
        try:
            if httpx.get(f"{url}/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        pause.wait(0.05)
    pytest.fail(f"The server was not ready within {UP_WITHIN_S} s:\n{log.read_text()}")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[Server]:
    """`ostler serve` with free ports and its data in `folder`, until the block ends."""
    http, ocpp = free_port(), free_port()
    log = folder / "server.log"
    command = [Path(sys.executable).with_name("ostler"), "serve", "--host", "127.0.0.1"]
    command += ["--data", folder / "data", "--http-port", str(http), "--ocpp-port", str(ocpp)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, *arguments], cwd=folder, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            url = f"http://127.0.0.1:{http}"
            wait_until_ready(process, url, log)
            yield Server(url, f"ws://127.0.0.1:{ocpp}")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A new house, for one test."""
    with running(tmp_path) as started:
        yield started


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[Server]:
    """A demo for a test that orders something."""
    with running(tmp_path, "--demo") as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo for all tests that only look."""
    with running(tmp_path_factory.mktemp("demo"), "--demo") as started:
        yield started


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("These tests need a browser. Install it: sudo apt-get install chromium", pytrace=False)
    if not WEB.exists():
        pytest.fail("These tests need the built pages. Build them: make ui", pytrace=False)
    with sync_playwright() as playwright:
        # Chromium's own sandbox does not work for root, which is who runs the tests in a container.
        arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
        started = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens an address as a new visitor; afterwards fails if the page met an error of its own."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def open_(url: str, **visitor: object) -> Page:
        context = browser.new_context(**{"locale": "en-GB", **visitor})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on(
            "console",
            lambda message: (
                errors.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        page.goto(url)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []
