from __future__ import annotations

import io
import sqlite3
import tarfile
from contextlib import closing
from datetime import UTC, datetime

import msgspec
import pytest

from ostler.store.backup import MANIFEST, BackupError, make, restore, verify
from ostler.store.database import connect
from ostler.store.lock import LockedError, ServerLock
from ostler.store.session import open_database, read_database
from ostler.store.store import Store

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def put(folder, name):
    with closing(connect(folder / "ostler.db")) as connection:
        connection.execute("INSERT INTO settings VALUES (?, '1')", (name,))


def names(folder):
    with closing(connect(folder / "ostler.db")) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM settings ORDER BY name")]


@pytest.fixture
def saved(data_dir, tmp_path):
    put(data_dir, "kept")
    file = tmp_path / "saved.tar"
    make(data_dir, file, NOW)
    return file


def changed(saved, tmp_path, **members):
    """The backup with some members replaced, or left out (None)."""
    file = tmp_path / "changed.tar"
    with tarfile.open(saved) as old, tarfile.open(file, "w") as new:
        for member in old.getmembers():
            content = members.get(member.name.replace(".", "_"), old.extractfile(member).read())
            if content is not None:
                member.size = len(content)
                new.addfile(member, io.BytesIO(content))
    return file


def manifest_of(saved):
    with tarfile.open(saved) as tar:
        return msgspec.json.decode(tar.extractfile(MANIFEST).read())


def test_what_was_saved_comes_back(saved, tmp_path):
    restore(saved, tmp_path / "new", NOW)

    assert names(tmp_path / "new") == ["kept"]


def test_a_backup_says_what_it_holds(saved):
    manifest = manifest_of(saved)

    assert manifest["made_at"] == "2026-11-21T12:00:00Z"
    assert {file: part["revision"] for file, part in manifest["parts"].items()} == {
        "ostler.db": "0001",
        "log.db": "0001",
    }


def test_a_backup_is_its_owners_alone_and_leaves_nothing_else(saved, tmp_path):
    assert saved.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"data", "saved.tar"}


async def test_a_backup_beside_a_running_server_is_one_state_of_it(data_dir, tmp_path):
    store = Store(data_dir, lambda _: None)
    await store.write(lambda db: db._connection.execute("INSERT INTO settings VALUES ('running', '1')"))
    make(data_dir, tmp_path / "saved.tar", NOW)
    store.close()
    restore(tmp_path / "saved.tar", tmp_path / "new", NOW)

    assert names(tmp_path / "new") == ["running"]


def test_progress_is_told(data_dir, tmp_path):
    told = []
    make(data_dir, tmp_path / "saved.tar", NOW, lambda doing, part: told.append((doing, part)))

    assert ("copying ostler.db", 1.0) in told
    assert ("packing log.db", 0) in told


def test_a_file_that_exists_is_not_overwritten(data_dir, saved):
    with pytest.raises(BackupError, match="exists already"):
        make(data_dir, saved, NOW)


def test_a_folder_without_a_database_is_said_to_be_so(tmp_path):
    with pytest.raises(BackupError, match="There is no database"):
        make(tmp_path, tmp_path / "saved.tar", NOW)


def test_verifying_changes_nothing(saved, tmp_path):
    before = sorted(tmp_path.iterdir())

    assert set(verify(saved).parts) == {"ostler.db", "log.db"}
    assert sorted(tmp_path.iterdir()) == before


def test_data_that_is_there_is_not_replaced_unless_forced(saved, data_dir):
    put(data_dir, "newer")

    with pytest.raises(BackupError, match="holds data already"):
        restore(saved, data_dir, NOW)
    restore(saved, data_dir, NOW, force=True)

    assert names(data_dir) == ["kept"]
    assert names(data_dir / "backups/before-restore-20261121T120000Z") == ["kept", "newer"]


def test_nothing_is_restored_under_a_running_server(saved, data_dir, monkeypatch):
    monkeypatch.setattr("ostler.store.lock.PATIENCE_S", 0.01)

    with ServerLock(data_dir), pytest.raises(LockedError):
        restore(saved, data_dir, NOW, force=True)


def test_a_backup_that_was_cut_off_is_refused(saved, tmp_path):
    content = saved.read_bytes()
    saved.write_bytes(content[: len(content) // 2])

    with pytest.raises(BackupError):
        verify(saved)


def test_something_else_is_not_taken_for_a_backup(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear all")

    with pytest.raises(BackupError, match="not a backup of Ostler"):
        verify(tmp_path / "letter.txt")


@pytest.mark.parametrize(
    ("member", "content", "sentence"),
    [
        ("manifest_json", None, "manifest is missing"),
        ("manifest_json", b"[]", "manifest is missing or unreadable"),
        ("ostler_db", None, "ostler.db is missing"),
        ("ostler_db", b"something else", "not what was saved"),
    ],
)
def test_a_backup_that_was_changed_is_refused(saved, tmp_path, member, content, sentence):
    with pytest.raises(BackupError, match=sentence):
        verify(changed(saved, tmp_path, **{member: content}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": 2}, "made by a newer Ostler"),
        ({"parts": {"../evil": {"revision": "", "size": 1, "sha256": ""}}}, "made by a newer Ostler"),
        ({"parts": {}}, "holds no ostler.db"),
    ],
)
def test_a_manifest_that_cannot_be_followed_is_refused(saved, tmp_path, change, sentence):
    manifest = msgspec.json.encode({**manifest_of(saved), **change})

    with pytest.raises(BackupError, match=sentence):
        verify(changed(saved, tmp_path, manifest_json=manifest))


def test_a_backup_of_a_newer_schema_is_refused(saved, tmp_path):
    manifest = manifest_of(saved)
    manifest["parts"]["ostler.db"]["revision"] = "9999"

    with pytest.raises(BackupError, match="schema 9999"):
        verify(changed(saved, tmp_path, manifest_json=msgspec.json.encode(manifest)))


def test_a_command_beside_the_server_commits_when_its_block_ends(data_dir):
    with open_database(data_dir) as db:
        db._connection.execute("INSERT INTO settings VALUES ('a', '1')")

    assert names(data_dir) == ["a"]


def test_a_command_that_fails_leaves_nothing(data_dir):
    def fail():
        with open_database(data_dir) as db:
            db._connection.execute("INSERT INTO settings VALUES ('a', '1')")
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail()

    assert names(data_dir) == []


def test_a_command_that_only_reads_cannot_write(data_dir):
    with read_database(data_dir) as db, pytest.raises(sqlite3.OperationalError, match="readonly"):
        db._connection.execute("INSERT INTO settings VALUES ('a', '1')")
