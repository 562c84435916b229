"""`ostler backup` and `ostler restore`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostler.cli.common import CommandError, DataOption, data_folder, now, one_sentence

if TYPE_CHECKING:
    from ostler.store.backup import Manifest, Progress


def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it; a .tar.")],
    *,
    data: DataOption = None,
) -> None:
    """Save everything into one file, also while the server runs. It holds hashes of keys: keep it safe."""
    from ostler.store.backup import BackupError, make

    with one_sentence(), progress_bar() as progress:
        try:
            manifest = make(data_folder(data), file, now(), progress)
        except BackupError as error:
            raise CommandError(str(error)) from error
    say(f"Saved to {file}", manifest)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that `ostler backup` wrote.")],
    *,
    verify: Annotated[bool, typer.Option("--verify", help="Only check it; change nothing.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the data that is there; it is kept in backups/.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Check a backup, and put it back into an empty data folder while the server is stopped."""
    from ostler.store import backup as backups

    with one_sentence(), progress_bar() as progress:
        try:
            if verify:
                manifest = backups.verify(file, progress)
            else:
                manifest = backups.restore(file, data_folder(data), now(), force=force, progress=progress)
        except backups.BackupError as error:
            raise CommandError(str(error)) from error
    say("The backup is whole" if verify else f"Restored {file}", manifest)


def say(done: str, manifest: Manifest) -> None:
    """Tell what was done and what the backup holds."""
    sizes = ", ".join(f"{file} {part.size / 1e6:.1f} MB" for file, part in manifest.parts.items())
    print(f"{done}: made {manifest.made_at:%Y-%m-%d %H:%M:%S}Z by Ostler {manifest.ostler}; {sizes}.")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """A bar on a terminal, nothing elsewhere."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda doing, part: bar.update(task, description=doing, completed=part)
