from __future__ import annotations

import subprocess
import sys

import pytest

MEASURED = (
    "import sys; from ostler.cli import main; sys.argv[0] = 'ostler'\ntry: main()\nexcept SystemExit: pass\n"
)
HEAVY = {"alembic", "litestar", "uvicorn", "ostler.gateway.gateway", "ostler.api.application"}


def loaded(*arguments, code=MEASURED):
    """The modules that a command of its own process has loaded at its end."""
    code += "print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True, timeout=50
    )
    return set(done.stderr.split())


def test_help_loads_no_part_of_the_house():
    assert not loaded("--help") & {*HEAVY, "sqlalchemy", "ostler.settings"}


@pytest.mark.parametrize("command", [("station", "list"), ("token", "list"), ("config", "show")])
def test_a_short_command_loads_only_what_it_needs(ostler, command):
    ostler("station", "list")  # the tables are there afterwards

    assert not loaded(*command) & HEAVY
