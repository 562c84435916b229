"""A running server, started as a user starts it, and Debian's chromium before it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from harness.server import Server, serving
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

WEB = Path(__file__).parents[2] / "src/ostler/web/index.html"
# Chromium looks for news of its own at every start; nothing of that belongs into a test.
QUIET = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A new house, for one test."""
    with serving(tmp_path) as started:
        yield started


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[Server]:
    """A demo for a test that orders something."""
    with serving(tmp_path, "--demo") as started:
        yield started


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo for all tests that only look."""
    with serving(tmp_path_factory.mktemp("demo"), "--demo") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """For one module: while Playwright is there its event loop counts as running; no other could run."""
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
