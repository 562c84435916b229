from __future__ import annotations

import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).parents[2] / "tools/new_migration.py"


def run(*arguments):
    return subprocess.run([sys.executable, TOOL, *arguments], check=False, capture_output=True, text=True)


def test_no_migration_is_missing():
    result = run("nothing")

    assert result.stdout == "Nothing to do: the migrations lead to what store/schema.py says.\n"


def test_a_migration_wants_a_name():
    result = run()

    assert result.returncode == 1
    assert "Say what changes" in result.stderr
