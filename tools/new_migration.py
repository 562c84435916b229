"""Write the revision that leads from the newest migration to what store/schema.py says now.

make migration NAME="add the colour of a station"; for each of the two databases that differs, one file
appears.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic import command
from sqlalchemy import StaticPool, create_engine
from sqlalchemy.types import TypeDecorator

from ostler.store.database import connect
from ostler.store.migrations.run import FILES, Name, create_if_new, head_revision
from ostler.store.migrations.steps import config


def render(kind: str, item: Any, _context: Any) -> str | bool:
    """Write our own column types as what they are in the database: migrations must not change with the
    program.
    """
    if kind == "type" and isinstance(item, TypeDecorator):
        return f"sa.{item.impl_instance!r}"
    return False


def make(name: Name, message: str) -> Path | None:
    """Write the revision of one database, if it differs."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / FILES[name]
        if head_revision(name):
            create_if_new(path, name)
        connection = connect(path)
        with create_engine("sqlite://", creator=lambda: connection, poolclass=StaticPool).connect() as shared:
            settings = config(name)
            settings.attributes["connection"] = shared
            settings.attributes["render_item"] = render
            number = f"{int(head_revision(name) or 0) + 1:04}"
            script = command.revision(
                settings, message, autogenerate=True, rev_id=number, process_revision_directives=keep_if_any
            )
        connection.close()
    return Path(script.path) if script is not None and not isinstance(script, list) else None


def keep_if_any(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Write no file where nothing changed."""
    if directives[0].upgrade_ops.is_empty():
        directives.clear()


def main() -> None:
    """Entry of `make migration`."""
    message = sys.argv[1].strip() if len(sys.argv) > 1 else ""
    if not message:
        sys.exit('Say what changes: make migration NAME="add the colour of a station"')
    made = [path for name in FILES if (path := make(name, message)) is not None]
    if made:
        subprocess.run(
            [str(Path(sys.executable).with_name("ruff")), "format", "--quiet", *map(str, made)], check=True
        )  # the files are formatted as if by hand
    for line in [str(path) for path in made] or [
        "Nothing to do: the migrations lead to what store/schema.py says."
    ]:
        print(line)


if __name__ == "__main__":
    main()
