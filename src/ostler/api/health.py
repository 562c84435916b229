"""Whether the process lives, and whether stations can be served."""

from __future__ import annotations

import asyncio
import shutil

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency

from ostler.api.admission import PUBLIC
from ostler.api.house import House

LEAST_FREE_BYTES = 50_000_000
DATABASE_WAIT_S = 5.0


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that must be well."""

    ok: bool
    detail: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """All things that must be well; the message log may be away without harm to stations."""

    ready: bool
    checks: dict[str, Check]


@get("/livez", opt=PUBLIC, media_type="text/plain", tags=("Operations",))
async def live() -> str:
    """Answer at all; touches nothing."""
    return "ok\n"


@get("/readyz", opt=PUBLIC, tags=("Operations",))
async def ready(*, house: NamedDependency[House]) -> Response[Readiness]:
    """Say whether stations can be served; 503 and the reason when not."""
    health = house.store.health()
    checks = {
        "database": await _database(house, health.database),
        "log": _check(health.log, "Messages are logged."),
        "disk": await asyncio.to_thread(_disk, house),
        "draining": Check(
            ok=not house.draining.is_set(),
            detail="The server is stopping." if house.draining.is_set() else "The server is not stopping.",
        ),
    }
    is_ready = all(check.ok for name, check in checks.items() if name != "log")
    return Response(Readiness(ready=is_ready, checks=checks), status_code=200 if is_ready else 503)


async def _database(house: House, failure: str | None) -> Check:
    """The last commit's fate, and that the writer still takes work."""
    if failure is None:
        try:
            async with asyncio.timeout(DATABASE_WAIT_S):
                await house.store.drain()
        except TimeoutError:
            failure = "The database has not committed for seconds."
        else:
            failure = house.store.health().database
    return _check(failure, "Commits succeed.")


def _disk(house: House) -> Check:
    free = shutil.disk_usage(house.store.data_dir).free
    detail = f"{free // 1_000_000} MB are free."
    if free < LEAST_FREE_BYTES:
        detail += " Make room: stations are not answered when nothing can be kept."
    return Check(ok=free >= LEAST_FREE_BYTES, detail=detail)


def _check(failure: str | None, well: str) -> Check:
    return Check(ok=failure is None, detail=well if failure is None else failure)
