"""The figures as a table, and docs/benchmarks.md made of them."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from typing import Any

from bench.servers import ROOT

HEAD = """# Benchmarks

Made by `make bench ARGS=--report` on {date}: {machine}, {cores} cores, Python {python}. The load runs on the
same machine, so read ratios rather than absolute figures. A station goes in a circle: boot, heartbeat,
status, start, meter values (1.4 kB), stop, each sent when the one before was answered. Ostler answers when a
message is durable (`synchronous=FULL`) and logged; the server on the PyPI package `ocpp` stores nothing.

"""
NOTES = ROOT / "bench/notes.md"


def table(results: dict[str, Any]) -> str:
    """The figures in Markdown."""
    peers = {row["stations"]: row for row in results["ocpp"]}
    names = "stations", "messages/s", "CPU us/message", "p50 / p95 / p99 ms"
    names += "`ocpp`: messages/s", "`ocpp`: CPU us/message", "times faster"
    lines = [f"| {' | '.join(names)} |", "|---" * len(names) + "|"]
    for row in results["ostler"]:
        peer = peers.get(row["stations"])
        latency = " / ".join(str(row["latency_ms"].get(name, "-")) for name in ("p50", "p95", "p99"))
        cells = [f"{row['stations']:,}", f"{row['messages_per_s']:,.0f}", row["cpu_us_per_message"], latency]
        if peer is None:
            cells += ["-"] * 3
        else:
            times = row["messages_per_s"] / peer["messages_per_s"]
            cells += [f"{peer['messages_per_s']:,.0f}", peer["cpu_us_per_message"], f"{times:.1f}"]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    plain, tls, storm = results["idle"], results["idle_tls"], results["storm"]
    idle = f"{plain['kib_per_connection']} KiB plain, {tls['kib_per_connection']} KiB with TLS"
    lines += [
        f"\n- An idle connection takes {idle} ({plain['stations']:,} stations).",
        f"- {storm['stations']:,} stations that come back at once are all booted after "  # noqa: ISC004
        f"{storm['connected_and_booted_s']} s, {tls['stations']:,} over TLS after "
        f"{tls['connected_and_booted_s']} s.\n",
    ]
    return "\n".join(lines)


def _profile(results: dict[str, Any]) -> str:
    lines = []
    for thread, rows in results.get("profile", {}).items():
        lines += [f"### In the {'event loop' if thread == 'loop' else 'writer'}", ""]
        lines += ["| own time % | calls | function |", "|---|---|---|"]
        lines += [f"| {row['percent']} | {row['calls']:,} | `{row['function']}` |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def write(results: dict[str, Any]) -> None:
    """Write docs/benchmarks.md and docs/benchmarks.json."""
    head = HEAD.format(
        date=datetime.now(UTC).date(),
        machine=platform.machine(),
        cores=os.cpu_count(),
        python=platform.python_version(),
    )
    parts = [head, table(results)]
    if results.get("profile"):
        parts += ["\n## Where the time goes\n\n", _profile(results)]
    if NOTES.exists():
        parts += ["\n", NOTES.read_text()]
    (ROOT / "docs/benchmarks.md").write_text("".join(parts))
    (ROOT / "docs/benchmarks.json").write_text(json.dumps(results, indent=1) + "\n")
