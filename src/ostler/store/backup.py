"""Backups: snapshots of both files and a manifest in one tar, also beside a running server; and back."""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

import msgspec

import ostler
from ostler.store.damage import SUFFIXES
from ostler.store.database import connect
from ostler.store.lock import ServerLock
from ostler.store.migrations.run import FILES, current_revision, known_revisions

MANIFEST = "manifest.json"
FORMAT = 1
PAGES_A_STEP = 2000
PIECE = 1 << 20
Progress = Callable[[str, float], None]
"""Called with what is done and how far it is, 0 to 1."""


class BackupError(Exception):
    """A sentence for the person who wanted a backup or its contents."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file in the backup."""

    revision: str
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds, by file name."""

    format: int
    ostler: str
    made_at: datetime
    parts: dict[str, Part]


def no_progress(_doing: str, _part: float) -> None:
    """Tell nobody."""


def make(data_dir: Path, target: Path, now: datetime, progress: Progress = no_progress) -> Manifest:
    """Write a backup of `data_dir` to `target`, which must not exist; readable by its owner only."""
    if target.exists():
        raise BackupError(f"{target} exists already. Choose another name.")
    present = [(name, file) for name, file in FILES.items() if (data_dir / file).exists()]
    if "ostler.db" not in [file for _, file in present]:
        raise BackupError(f"There is no database in {data_dir}. Say where it is with --data.")
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".ostler-backup-") as folder:
        copies = Path(folder)
        parts = {}
        for _, file in present:
            _copy(data_dir / file, copies / file, progress)
            parts[file] = _describe(copies / file)
        manifest = Manifest(format=FORMAT, ostler=ostler.__version__, made_at=now, parts=parts)
        (copies / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        packed = copies / "packed.tar"
        with _private(packed) as out, tarfile.open(fileobj=out, mode="w") as tar:
            for file in (MANIFEST, *parts):
                progress(f"packing {file}", 0)
                tar.add(copies / file, arcname=file)
        packed.rename(target)
    return manifest


def verify(source: Path, progress: Progress = no_progress) -> Manifest:
    """Check that a backup is whole and can be restored by this program; raises `BackupError`."""
    with _unpacked(source, source.parent, progress) as (manifest, _):
        return manifest


def restore(
    source: Path, data_dir: Path, now: datetime, *, force: bool = False, progress: Progress = no_progress
) -> Manifest:
    """Put a checked backup into `data_dir`.

    Raises `LockedError` while a server runs, and `BackupError` when there is data already, unless `force`:
    then that is kept in `backups/`.
    """
    with ServerLock(data_dir), _unpacked(source, data_dir, progress) as (manifest, folder):
        old = [data_dir / (file + suffix) for file in FILES.values() for suffix in SUFFIXES]
        old = [path for path in old if path.exists()]
        if old and not force:
            raise BackupError(f"{data_dir} holds data already. Choose an empty folder, or add --force.")
        if old:
            aside = data_dir / "backups" / f"before-restore-{now:%Y%m%dT%H%M%SZ}"
            aside.mkdir(mode=0o700, parents=True)
            for path in old:
                path.rename(aside / path.name)
        for file in manifest.parts:
            (folder / file).rename(data_dir / file)
        return manifest


def _copy(source: Path, target: Path, progress: Progress) -> None:
    def step(_status: int, remaining: int, total: int) -> None:
        progress(f"copying {source.name}", 1 - remaining / max(total, 1))

    with (
        closing(connect(source, readonly=True)) as reading,
        _private(target),
        closing(sqlite3.connect(target)) as writing,
    ):
        # One snapshot for all steps: else every commit of a running server would begin the copy anew.
        reading.execute("BEGIN")
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(writing, pages=PAGES_A_STEP, progress=step)
        # As a single file: the copy of a WAL database needs no -wal beside it.
        writing.execute("PRAGMA journal_mode = DELETE")


@contextmanager
def _private(path: Path) -> Iterator[IO[bytes]]:
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as file:
        yield file


def _describe(path: Path) -> Part:
    revision = current_revision(path)
    with path.open("rb") as file:
        return Part(
            revision=revision,
            size=path.stat().st_size,
            sha256=hashlib.file_digest(file, "sha256").hexdigest(),
        )


@contextmanager
def _unpacked(source: Path, near: Path, progress: Progress) -> Iterator[tuple[Manifest, Path]]:
    """The checked contents in a folder that is gone afterwards."""
    try:
        with (
            tarfile.open(source, "r:") as tar,
            tempfile.TemporaryDirectory(dir=near, prefix=".ostler-restore-") as folder,
        ):
            manifest = _read_manifest(tar)
            for file, part in manifest.parts.items():
                progress(f"checking {file}", 0)
                _extract(tar, file, Path(folder) / file)
                _check(Path(folder) / file, part)
            yield manifest, Path(folder)
    except tarfile.TarError as error:
        raise BackupError(f"{source} is not a backup of Ostler, or it is cut off: {error}.") from error


def _read_manifest(tar: tarfile.TarFile) -> Manifest:
    try:
        found = tar.extractfile(MANIFEST)
        manifest = msgspec.json.decode(b"" if found is None else found.read(), type=Manifest)
    except (KeyError, msgspec.DecodeError) as error:
        raise BackupError("This is not a backup of Ostler: its manifest is missing or unreadable.") from error
    if manifest.format != FORMAT or not set(manifest.parts) <= set(FILES.values()):
        raise BackupError(
            f"This backup was made by a newer Ostler ({manifest.ostler}); restore it with that."
        )
    if "ostler.db" not in manifest.parts:
        raise BackupError("This backup holds no ostler.db.")
    return manifest


def _extract(tar: tarfile.TarFile, file: str, target: Path) -> None:
    try:
        inside = tar.extractfile(file)
    except KeyError:
        inside = None
    if inside is None:
        raise BackupError(f"The backup is damaged: {file} is missing.")
    with _private(target) as out:
        shutil.copyfileobj(inside, out, PIECE)


def _check(path: Path, expected: Part) -> None:
    with path.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != expected.sha256:
            raise BackupError(f"The backup is damaged: {path.name} is not what was saved.")
    name = next(name for name, file_name in FILES.items() if file_name == path.name)
    if expected.revision not in known_revisions(name):
        raise BackupError(
            f"The backup's {path.name} has schema {expected.revision}, which this version of Ostler does not"
            " know. Restore it with the version that made it, or a newer one."
        )
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
        [verdict] = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise BackupError(f"The backup's {path.name} is damaged: {verdict}.")
