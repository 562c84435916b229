from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from ostler.cli.main import app


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Commands run in an empty folder and use ./data."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OSTLER_DATA", raising=False)
    return tmp_path


@pytest.fixture
def ostler():
    """Runs a command: `ostler("station", "add", "CP1")`."""

    def run(*arguments, **options):
        return CliRunner().invoke(app, list(arguments), **options)

    return run


@pytest.fixture
def fine(ostler):
    """Runs a command that must succeed; gives what it printed, decoded if it is JSON."""

    def run(*arguments, **options):
        result = ostler(*arguments, **options)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout) if "--json" in arguments else result.stdout

    return run
