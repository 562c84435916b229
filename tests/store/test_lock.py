from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from ostler.store import lock
from ostler.store.lock import LockedError, ServerLock, exclusive, holder, prepare

HOLD = """
import sys, time
from pathlib import Path
from ostler.store.lock import ServerLock
with ServerLock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def test_a_second_server_is_refused_by_the_process_id_of_the_first(other, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "PATIENCE_S", 0.05)

    with pytest.raises(LockedError, match=f"process {other.pid}") as refused, ServerLock(tmp_path):
        pass
    assert refused.value.pid == other.pid


def test_other_commands_can_ask_who_holds_the_folder(other, tmp_path):
    assert holder(tmp_path) == other.pid


def test_a_killed_server_leaves_the_folder_free(other, tmp_path):
    other.send_signal(signal.SIGKILL)
    other.wait()

    with ServerLock(tmp_path):
        assert holder(tmp_path) == os.getpid()
    assert holder(tmp_path) is None


def test_nobody_holds_a_folder_that_was_never_used(tmp_path):
    assert holder(tmp_path) is None


def test_a_new_folder_is_its_owners_alone(tmp_path):
    prepare(tmp_path / "a" / "data")

    assert (tmp_path / "a" / "data").stat().st_mode & 0o777 == 0o700


def test_the_files_are_their_owners_alone(tmp_path):
    with ServerLock(tmp_path), exclusive(tmp_path / "other.lock"):
        modes = {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert modes == {0o600}
