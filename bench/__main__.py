"""`make bench` (or `python -m bench`): measure Ostler, and beside it a server on the PyPI package `ocpp`."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bench import profile, report, servers
from bench.servers import ROOT, Server

Event = dict[str, Any]


@contextmanager
def load(
    server: Server, stations: int, seconds: float, warm: float, *flags: str
) -> Iterator[Iterator[Event]]:
    """Start the load in a process of its own; gives what it tells."""
    port = server.tls_port if "--tls" in flags else server.port
    command = [sys.executable, "-m", "bench.load", str(port), str(stations), str(seconds), str(warm), *flags]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield (json.loads(line) for line in process.stdout)
    finally:
        if process.stdin is not None:
            process.stdin.close()
        process.wait(60)


def throughput(server: Server, stations: int, seconds: float) -> Event:
    """The mix, closed loop: messages a second, CPU a message, latency."""
    begun, connected_s = 0.0, 0.0
    with load(server, stations, seconds, max(2.0, seconds / 3)) as events:
        for event in events:
            match event["event"]:
                case "connected":
                    connected_s = event["seconds"]
                case "measuring":
                    begun = server.cpu_s()
                case "measured":
                    used = server.cpu_s() - begun
                    messages = max(1, event["messages"])
                    return {
                        "stations": stations,
                        "messages_per_s": round(event["messages"] / event["seconds"], 1),
                        "cpu_us_per_message": round(used / messages * 1e6, 1),
                        "latency_ms": event["latency_ms"],
                        "errors": event["errors"],
                        "connected_and_booted_s": connected_s,
                    }
    raise RuntimeError("the load ended early")


def idle(server: Server, stations: int, *flags: str) -> Event:
    """Memory per connection that has booted and says nothing."""
    with load(
        server, 20, 0, 0, "--idle", *flags
    ) as events:  # what is loaded on first use is not the connections'
        next(events)
    time.sleep(1)
    before = server.memory_kib()
    with load(server, stations, 0, 0, "--idle", *flags) as events:
        connected_s = next(events)["seconds"]
        time.sleep(2)
        used = server.memory_kib() - before
    return {
        "stations": stations,
        "kib_per_connection": round(used / stations, 1),
        "connected_and_booted_s": connected_s,
    }


def measure(arguments: argparse.Namespace) -> Event:
    """Everything, one after the other."""
    counts = [int(count) for count in arguments.stations.split(",")]
    results: Event = {"ostler": [], "ocpp": []}
    for count in counts:
        with servers.ostler(count) as server:
            results["ostler"].append(_told("ostler", throughput(server, count, arguments.seconds)))
        if not arguments.alone:
            with servers.peer_ocpp() as server:
                results["ocpp"].append(_told("ocpp", throughput(server, count, arguments.seconds)))
    for name, flags in (("idle", ()), ("idle_tls", ("--tls",))):
        with servers.ostler(arguments.idle) as server:
            results[name] = _told(name, idle(server, arguments.idle, *flags))
    with servers.ostler(arguments.storm) as server:
        results["storm"] = _told("storm", idle(server, arguments.storm))
    if not arguments.quick:
        results["profile"] = profile.run(lambda server: throughput(server, 100, arguments.seconds), 100)
    return results


def _told(name: str, result: Event) -> Event:
    print(f"{name:10}", json.dumps(result), flush=True)
    return result


def main() -> None:
    """Measure, print, and with --report write docs/benchmarks.md."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--stations", default="1,100,1000,5000", help="how many stations, several with commas"
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="how long each measurement lasts")
    parser.add_argument("--idle", type=int, default=5000, help="idle connections for the memory")
    parser.add_argument("--storm", type=int, default=2000, help="stations that come back at once")
    parser.add_argument("--alone", action="store_true", help="without the server to compare with")
    parser.add_argument("--quick", action="store_true", help="small and short, for development")
    parser.add_argument("--report", action="store_true", help="write docs/benchmarks.md and .json")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.stations, arguments.seconds, arguments.idle, arguments.storm = "100", 3.0, 500, 200
    results = measure(arguments)
    print(report.table(results))
    if arguments.report:
        report.write(results)


if __name__ == "__main__":
    main()
