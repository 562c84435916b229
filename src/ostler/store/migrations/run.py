"""Runs Alembic from inside the program: no ini file, no engine of its own."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import StaticPool, create_engine

from ostler.store import schema
from ostler.store.damage import is_damage, put_aside
from ostler.store.database import connect
from ostler.store.lock import exclusive, holder

Name = Literal["main", "log"]
FILES: dict[Name, str] = {"main": "ostler.db", "log": "log.db"}
METADATA = {"main": schema.main, "log": schema.log}
HERE = Path(__file__).parent
NOTHING = ""


class NewerSchemaError(Exception):
    """The file was written by a newer Ostler; this one would not understand it."""


class InUseError(Exception):
    """The schema must be brought up to date, but a running server uses it."""


def config(name: Name) -> Config:
    """Alembic's settings for one of the two databases."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.set_main_option("version_locations", str(HERE / "versions" / name).replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    made.attributes["metadata"] = METADATA[name]
    return made


@cache
def head_revision(name: Name) -> str:
    """The newest revision that this program knows."""
    return ScriptDirectory.from_config(config(name)).get_current_head() or NOTHING


@cache
def known_revisions(name: Name) -> frozenset[str]:
    """All revisions that this program understands."""
    return frozenset(script.revision for script in ScriptDirectory.from_config(config(name)).walk_revisions())


def current_revision(path: Path) -> str:
    """The revision of a file; empty for one that does not exist or holds nothing yet."""
    if not path.exists() or path.stat().st_size == 0:
        return NOTHING
    with closing(connect(path, readonly=True)) as connection:
        tables = {
            name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        }
        if "alembic_version" not in tables:
            return NOTHING
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return NOTHING if row is None else str(row[0])


def is_current(data_dir: Path) -> bool:
    """Whether both files are as this program wants them. Raises `NewerSchemaError` when one is too new."""
    revisions = {name: _checked(data_dir, name) for name in FILES}  # both, before anything is changed
    return all(revision == head_revision(name) for name, revision in revisions.items())


def upgrade(
    data_dir: Path, *, as_server: bool = False, clock: Callable[[], float] = time.time
) -> Path | None:
    """Bring both files up to date, or make them; gives the folder of the backup that was made before, if any.

    Safe to call by several processes at once. Raises `NewerSchemaError`, and `InUseError` unless the caller
    is the server that holds the folder.
    """
    now = datetime.fromtimestamp(clock(), UTC)
    _mend_log(data_dir, now)
    if is_current(data_dir):
        return None
    with exclusive(data_dir / "ostler.migration.lock"):
        if is_current(data_dir):
            return None
        backup = _before_change(data_dir, now, as_server=as_server)
        for name, file in FILES.items():
            run(data_dir / file, name)
        return backup


def create_if_new(path: Path, name: Name) -> None:
    """Make the tables in a file that has none."""
    if current_revision(path) == NOTHING:
        run(path, name)


def run(path: Path, name: Name, revision: str = "head") -> None:
    """Run the revisions that `path` lacks, all in one transaction."""
    with closing(connect(path)) as connection:
        # Batch operations replace tables; with this on, dropping the old one would delete what refers to it.
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        with engine.connect() as shared:
            settings = config(name)
            settings.attributes["connection"] = shared
            command.upgrade(settings, revision)
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                shared.rollback()
                raise sqlite3.IntegrityError(
                    f"a row of {broken[0]} would refer to nothing after the migration"
                )
            shared.commit()


def _checked(data_dir: Path, name: Name) -> str:
    revision = current_revision(data_dir / FILES[name])
    if revision != NOTHING and revision not in known_revisions(name):
        raise NewerSchemaError(
            f"{data_dir / FILES[name]} was written by a newer version of Ostler (schema {revision}; this one"
            f" knows up to {head_revision(name)}). Install that version, or restore a backup of this one."
        )
    return revision


def _mend_log(data_dir: Path, now: datetime) -> None:
    try:
        current_revision(data_dir / FILES["log"])
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        put_aside(data_dir / FILES["log"], now)


def _before_change(data_dir: Path, now: datetime, *, as_server: bool) -> Path | None:
    """Back up what is there if some of it is old; files that are only missing can be made at any time."""
    present = {name: revision for name in FILES if (revision := _checked(data_dir, name)) != NOTHING}
    if all(revision == head_revision(name) for name, revision in present.items()):
        return None
    pid = None if as_server else holder(data_dir)
    if pid is not None:
        raise InUseError(
            f"The database in {data_dir} must be brought up to date, but a server (process {pid}) uses it."
            " Stop or restart the server first."
        )
    backup = data_dir / "backups" / f"before-upgrade-{now:%Y%m%dT%H%M%SZ}"
    backup.mkdir(mode=0o700, parents=True)
    for name in present:
        file = FILES[name]
        (backup / file).touch(mode=0o600)
        with closing(connect(data_dir / file)) as source, closing(sqlite3.connect(backup / file)) as target:
            source.backup(target)
    return backup
