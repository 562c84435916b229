"""Which revision a file has and which it should have; brings it there, with a backup first."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from ostler.store.damage import is_damage, put_aside
from ostler.store.database import connect
from ostler.store.lock import exclusive, holder

Name = Literal["main", "log"]
FILES: dict[Name, str] = {"main": "ostler.db", "log": "log.db"}
NOTHING = ""


class NewerSchemaError(Exception):
    """The file was written by a newer Ostler; this one would not understand it."""


class InUseError(Exception):
    """The schema must be brought up to date, but a running server uses it."""


@cache
def known_revisions(name: Name) -> tuple[str, ...]:
    """All revisions that this program understands, the newest last: their files begin with the numbers."""
    folder = Path(__file__).parent / "versions" / name
    return tuple(sorted(file.name.partition("_")[0] for file in folder.glob("[0-9]*.py")))


def head_revision(name: Name) -> str:
    """The newest revision that this program knows."""
    return known_revisions(name)[-1] if known_revisions(name) else NOTHING


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


def run(path: Path, name: Name) -> None:
    """Run the revisions that `path` lacks, all in one transaction."""
    # Alembic takes half of a short command's time to load, and there is seldom anything to migrate.
    from ostler.store.migrations import steps  # noqa: PLC0415

    steps.run(path, name)


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
