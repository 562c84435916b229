"""Runs Alembic from inside the program: no ini file, no engine of its own."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import StaticPool, create_engine
from sqlalchemy.exc import DBAPIError

from ostler.store import schema
from ostler.store.database import connect
from ostler.store.migrations.run import Name

METADATA = {"main": schema.main, "log": schema.log}
HERE = Path(__file__).parent


def config(name: Name) -> Config:
    """Alembic's settings for one of the two databases."""
    made = Config()
    made.set_main_option("script_location", str(HERE).replace("%", "%%"))
    made.set_main_option("version_locations", str(HERE / "versions" / name).replace("%", "%%"))
    made.set_main_option("path_separator", "newline")
    made.attributes["metadata"] = METADATA[name]
    return made


def run(path: Path, name: Name) -> None:
    """Run the revisions that `path` lacks, all in one transaction; raises `sqlite3.Error`."""
    try:
        _run(path, name)
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            raise error.orig from error
        raise


def _run(path: Path, name: Name) -> None:
    with closing(connect(path)) as connection:
        # Batch operations replace tables; with this on, dropping the old one would delete what refers to it.
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        engine = create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool)
        with engine.connect() as shared:
            settings = config(name)
            settings.attributes["connection"] = shared
            command.upgrade(settings, "head")
            broken = connection.execute("PRAGMA foreign_key_check").fetchone()
            if broken is not None:
                shared.rollback()
                raise sqlite3.IntegrityError(
                    f"a row of {broken[0]} would refer to nothing after the migration"
                )
            shared.commit()
