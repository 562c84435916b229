"""What all commands share: the data folder, printing, faults as one sentence."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from ostler.settings import Loaded
    from ostler.store.database import Db

FAILED = 1
MISUSED = 2
DataOption = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder.", show_default="./data")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="The settings file.", show_default="./ostler.toml"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]


class UsageError(Exception):
    """What was typed cannot be meant; ends the command with 2."""


class CommandError(Exception):
    """A command could not do what it was asked; the text says why and what to do. Ends with 1."""


def now() -> datetime:
    """The wall clock in whole milliseconds, as the database keeps it."""
    time = datetime.now(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


def read_settings(
    data: Path | None, config: Path | None = None, options: Iterable[tuple[str, str, Any]] = ()
) -> Loaded:
    """The settings with those of the command line: `("--demo", "demo", True)`; None is not given."""
    from ostler.settings import Given, SettingsError, load

    given = {key: Given(value, option) for option, key, value in options if value is not None}
    if data is not None:
        given["data"] = Given(data, "--data")
    try:
        return load(config, os.environ, given)
    except SettingsError as error:
        raise UsageError(str(error)) from error


def data_folder(data: Path | None) -> Path:
    """The data folder that is meant."""
    return read_settings(data).settings.data


def print_json(value: Any) -> None:
    """Print `value`, structs and times included, in ASCII: text of stations cannot steer a terminal."""
    import msgspec

    print(json.dumps(msgspec.to_builtins(value), indent=2))


def print_rows(titles: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print a table; nothing at all where there are no rows."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ostler.domain.visible import visible

    if not rows:
        print("None yet.", file=sys.stderr)
        return
    table = Table(*titles, box=SIMPLE_HEAD, pad_edge=False)
    for row in rows:
        # What stations send must not be read as markup, nor steer the terminal.
        table.add_row(*(Text("" if cell is None else visible(str(cell))) for cell in row))
    console = Console()
    if not console.is_terminal:
        console.width = 1000  # a program reads it: nothing is cut
    console.print(table)


def moment(at: datetime | None) -> str:
    """A time for people."""
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S}Z"


def note(db: Db, action: str, target: str) -> None:
    """Keep in the audit that the command line did it."""
    from ostler.services.audit import audit

    audit(db, actor="cli", action=action, target=target, at=now())


@contextmanager
def one_sentence() -> Iterator[None]:
    """Turn what may go wrong into one plain sentence and an exit code."""
    import sqlite3

    from ostler.services.faults import Fault
    from ostler.store.lock import LockedError
    from ostler.store.migrations.run import InUseError, NewerSchemaError

    try:
        yield
    except BrokenPipeError:
        raise  # whoever read our output has had enough: the framework ends quietly
    except UsageError as error:
        raise _ended(str(error), MISUSED) from error
    except CommandError as error:
        raise _ended(str(error)) from error
    except Fault as fault:
        raise _ended(fault.detail) from fault
    except (LockedError, InUseError, NewerSchemaError) as error:
        raise _ended(str(error)) from error
    except sqlite3.Error as error:
        raise _ended(f"The database cannot be used: {error}. `ostler doctor` says more.") from error
    except OSError as error:
        raise _ended(f"{error.filename or 'The file'} cannot be used: {error.strerror or error}.") from error


def _ended(sentence: str, code: int = FAILED) -> typer.Exit:
    from ostler.domain.visible import visible

    print(f"ostler: {visible(sentence)}", file=sys.stderr)
    return typer.Exit(code)
