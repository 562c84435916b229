from __future__ import annotations

import sqlite3
import time
from contextlib import closing

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import StaticPool, create_engine

from ostler.store import migrations
from ostler.store.database import connect
from ostler.store.lock import ServerLock
from ostler.store.migrations import run
from ostler.store.migrations.run import FILES, InUseError, NewerSchemaError
from ostler.store.migrations.steps import METADATA, config


def tables(path):
    """Name -> the SQL that made it, without what is only notation."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%'"
        ).fetchall()
    return {name: sorted((sql or "").replace(",", "").split()) for name, sql in rows}


@pytest.mark.parametrize("name", FILES)
def test_the_migrations_lead_to_the_schema(data_dir, name):
    with closing(connect(data_dir / FILES[name])) as connection:
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        with engine.connect() as shared:
            assert compare_metadata(MigrationContext.configure(shared), METADATA[name]) == []


@pytest.mark.parametrize("name", FILES)
def test_the_migrations_make_the_same_tables_as_the_schema(data_dir, tmp_path, name):
    direct = tmp_path / "direct.db"
    METADATA[name].create_all(create_engine(f"sqlite:///{direct}"))

    assert tables(data_dir / FILES[name]) == tables(direct)


@pytest.mark.parametrize("name", FILES)
def test_the_names_of_the_files_tell_the_same_revisions_as_alembic(name):
    scripts = ScriptDirectory.from_config(config(name))

    assert tuple(script.revision for script in scripts.walk_revisions())[::-1] == run.known_revisions(name)
    assert scripts.get_current_head() == run.head_revision(name)


def test_a_new_folder_is_ready_in_less_than_a_second(tmp_path):
    started = time.process_time()
    migrations.upgrade(tmp_path)

    assert time.process_time() - started < 1


def test_nothing_is_done_to_what_is_up_to_date(data_dir):
    before = (data_dir / "ostler.db").stat().st_mtime_ns

    assert migrations.upgrade(data_dir) is None
    assert (data_dir / "ostler.db").stat().st_mtime_ns == before
    assert not (data_dir / "backups").exists()


def test_the_database_files_are_their_owners_alone(data_dir):
    assert {(data_dir / file).stat().st_mode & 0o777 for file in FILES.values()} == {0o600}


def pretend(path, revision):
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))


@pytest.mark.parametrize("file", FILES.values())
def test_a_newer_schema_is_refused_in_a_sentence(data_dir, file):
    pretend(data_dir / file, "9999")

    with pytest.raises(
        NewerSchemaError, match=rf"{file} was written by a newer version of Ostler \(schema 9999"
    ):
        migrations.upgrade(data_dir)


@pytest.fixture
def older(data_dir, monkeypatch):
    """A folder whose schema is not the newest any more, and what was done to bring it there."""
    done = []
    monkeypatch.setattr(run, "head_revision", lambda _name: "0002")
    monkeypatch.setattr(run, "run", lambda path, name: done.append((path.name, name)))
    with closing(sqlite3.connect(data_dir / "ostler.db")) as connection, connection:
        connection.execute("INSERT INTO settings VALUES ('kept', '1')")
    return done


def test_an_older_schema_is_backed_up_before_it_is_changed(data_dir, older):
    backup = migrations.upgrade(data_dir, clock=lambda: 0)

    assert backup == data_dir / "backups" / "before-upgrade-19700101T000000Z"
    with closing(sqlite3.connect(backup / "ostler.db")) as connection:
        assert connection.execute("SELECT name FROM settings").fetchall() == [("kept",)]
    assert {path.name for path in backup.iterdir()} >= {"ostler.db", "log.db"}
    assert {path.stat().st_mode & 0o777 for path in backup.iterdir()} == {0o600}
    assert older == [("ostler.db", "main"), ("log.db", "log")]


def test_a_running_server_is_not_pulled_from_under_its_schema(data_dir, older):
    with ServerLock(data_dir), pytest.raises(InUseError, match="Stop or restart the server"):
        migrations.upgrade(data_dir)

    assert older == []


def test_the_server_itself_may_upgrade(data_dir, older):
    with ServerLock(data_dir):
        migrations.upgrade(data_dir, as_server=True)

    assert len(older) == 2


def test_a_migration_that_breaks_references_is_undone(data_dir, monkeypatch):
    with closing(sqlite3.connect(data_dir / "ostler.db")) as connection, connection:
        connection.execute("INSERT INTO station_groups VALUES (1, 1)")

    with pytest.raises(sqlite3.IntegrityError, match="station_groups"):
        run.run(data_dir / "ostler.db", "main")


def test_a_folder_with_an_odd_name_can_be_used(tmp_path):
    folder = tmp_path / "50% of ünïcode"
    folder.mkdir()
    migrations.upgrade(folder)

    assert run.is_current(folder)
