"""A running server, started as a user starts it, and Debian's chromium before it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
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
    data: Path


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


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts `ostler serve` with free ports and a data folder of its own; ends it after the test."""
    with ExitStack() as stack:

        def start(*arguments: str) -> Server:
            http, ocpp = free_port(), free_port()
            log = tmp_path / "server.log"
            command = [Path(sys.executable).with_name("ostler"), "serve", "--host", "127.0.0.1"]
            command += ["--data", tmp_path / "data", "--http-port", str(http), "--ocpp-port", str(ocpp)]
            process = subprocess.Popen(
                [*command, *arguments],
                cwd=tmp_path,
                env={**os.environ, "NO_COLOR": "1"},
                stdout=stack.enter_context(log.open("wb")),
                stderr=subprocess.STDOUT,
            )
            stack.callback(process.wait, timeout=30)
            stack.callback(process.send_signal, signal.SIGTERM)
            url = f"http://127.0.0.1:{http}"
            wait_until_ready(process, url, log)
            return Server(url, f"ws://127.0.0.1:{ocpp}", tmp_path / "data")

        yield start


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
        running = playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield running
        running.close()


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
