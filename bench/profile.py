"""Where the time goes: the load once more with a profiler, in the event loop and then in the writer."""

from __future__ import annotations

import os
import pstats
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import servers
from bench.servers import Server

LINES = 20


def run(measured: Callable[[Server], object], stations: int) -> dict[str, list[dict[str, Any]]]:
    """The functions with the most time of their own, in percent of their thread's busy time."""
    found = {}
    for thread in ("loop", "writer"):
        with tempfile.TemporaryDirectory() as folder:
            os.environ["OSTLER_PROFILE"] = str(Path(folder) / "profile")
            with servers.ostler(stations, profiled=thread) as server:
                measured(server)
            found[thread] = _most(os.environ.pop("OSTLER_PROFILE"))
    return found


def _most(file: str) -> list[dict[str, Any]]:
    rows = []
    for (path, _line, name), (_calls, count, own, _total, _callers) in pstats.Stats(file).stats.items():
        # The loop's own run is mostly waiting for sockets, the writer's lock is waiting for work.
        if name in {"run", "<method 'acquire' of '_thread.lock' objects>"} or "asyncio/runners" in path:
            continue
        where = path.rpartition("/ostler/")[2] if "/ostler/" in path else path.rpartition("/")[2]
        rows.append({"function": f"{where}: {name}" if where != "~" else name, "calls": count, "own_s": own})
    total = sum(row["own_s"] for row in rows)
    rows.sort(key=lambda row: -row["own_s"])
    return [
        {"function": row["function"], "calls": row["calls"], "percent": round(100 * row["own_s"] / total, 1)}
        for row in rows[:LINES]
    ]
