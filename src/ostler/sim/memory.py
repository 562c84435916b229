"""What a station knows after a power cut: one struct, in a file if it is given one."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path

import msgspec

from ostler.ocpp import v16
from ostler.sim.queue import Queued


class MemoryFileError(Exception):
    """A state file cannot be used; the text says what to do."""


class OpenTransaction(msgspec.Struct, kw_only=True):
    """A transaction that runs. `name` is the station's own, since the id comes with a late answer."""

    name: str
    connector: int
    id_tag: str
    started_at: datetime
    meter_start_wh: int
    parent: str | None = None
    begin: v16.MeterValue | None = None
    most_wh: int | None = None
    """Energy after which nothing more is offered, as the token was not accepted (MaxEnergyOnInvalidId)."""


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """Connector 0 stands for any."""

    id: int
    connector: int
    id_tag: str
    parent: str | None
    expires_at: datetime


class InstalledProfile(msgspec.Struct, frozen=True, kw_only=True):
    connector: int
    installed_at: datetime
    profile: v16.ChargingProfile


class InstalledCertificate(msgspec.Struct, frozen=True, kw_only=True):
    kind: v16.CertificateUseEnumType
    hashes: v16.CertificateHashDataType


class Memory(msgspec.Struct, kw_only=True):
    """All that persists. Keys of `local_list` and `cache` are id tags in lower case."""

    configuration: dict[str, str] = {}
    firmware: str | None = None
    inoperative: set[int] = set()
    registers_wh: dict[int, float] = {}
    transactions: dict[int, OpenTransaction] = {}
    numbers: dict[str, int] = {}
    queue: list[Queued] = []
    list_version: int = 0
    local_list: dict[str, v16.IdTagInfo] = {}
    cache: dict[str, v16.IdTagInfo] = {}
    profiles: list[InstalledProfile] = []
    reservations: dict[int, Reservation] = {}
    certificates: list[InstalledCertificate] = []


def load(path: Path | None) -> Memory:
    """Return what was saved, or a new station's memory; raises `MemoryFileError`."""
    if path is None or not path.exists():
        return Memory()
    try:
        return msgspec.json.decode(path.read_bytes(), type=Memory)
    except (OSError, msgspec.DecodeError) as error:
        raise MemoryFileError(
            f"{path} does not hold a virtual station's state ({error}). Move it away to begin anew."
        ) from error


def save(memory: Memory, path: Path) -> None:
    """Write the memory so that a power cut leaves the old or the new one, never half of it."""
    beside = path.with_name(f"{path.name}.new")
    with beside.open("wb") as file:
        file.write(msgspec.json.encode(memory))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
