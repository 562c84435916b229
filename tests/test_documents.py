from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.main import get_command

from ostler.api.commands import COMMANDS
from ostler.cli.main import app
from ostler.dialects.v16 import DIALECT
from ostler.ocpp import v16

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", ROOT / "SECURITY.md", *(ROOT / "docs").glob("**/*.md")])
ANSWERED = {request.__name__.removesuffix("Request") for request in DIALECT.answers}
BOTH_WAYS = {"DataTransfer"}


@pytest.fixture(scope="module")
def conformance():
    """The two tables of the page, as lists of rows: what comes from the station, what goes to it."""
    text = (ROOT / "docs/ocpp-conformance.md").read_text()
    return [re.findall(r"^\| ([A-Z]\w+) \|(.*)$", part, re.MULTILINE) for part in text.split("\n## ")[1:3]]


def test_conformance_names_every_message_that_a_station_sends(conformance):
    assert [name for name, _ in conformance[0]] == sorted(ANSWERED)


def test_conformance_names_every_message_that_a_station_gets(conformance):
    assert [name for name, _ in conformance[1]] == sorted(set(v16.REQUESTS) - ANSWERED | BOTH_WAYS)


def test_conformance_names_orders_that_exist(conformance):
    named = {word for _, row in conformance[1] for word in re.findall(r"`([a-z-]+)`", row.partition("|")[0])}

    assert named <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_shows_only_commands_that_exist(page):
    text = page.read_text()
    lines = re.findall(r"(?:`|^|\$\()(ostler [a-z][^`\n)]*)", text, re.MULTILINE)

    assert [line for line in lines if not understood(line.split())] == []


@pytest.mark.parametrize(
    "page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=lambda page: str(page.relative_to(ROOT))
)
def test_a_page_names_only_files_that_exist(page):
    named = re.findall(r"`([\w./-]+/[\w.-]+\.(?:py|sh|toml|json|svg))`", page.read_text())
    missing = [
        name for name in named if not any((base / name).exists() for base in (ROOT, ROOT / "src/ostler"))
    ]

    assert [name for name in missing if not name.startswith(("ui/openapi", "ostler.toml"))] == []


def understood(words):
    """Whether the command line knows these words and options."""
    command = get_command(app)
    for word in words[1:]:
        if word in {"|", "#", ">", "&"}:
            break
        if word.startswith("--"):
            known = {
                name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)
            }
            if word.partition("=")[0] not in {*known, "--help"}:
                return False
        elif hasattr(command, "commands"):
            if word not in command.commands:
                return False
            command = command.commands[word]
    return True
