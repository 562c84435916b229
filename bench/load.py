"""The load: stations in a process of their own, each asking as soon as it is answered (closed loop).

`python -m bench.load PORT STATIONS SECONDS WARM [--tls] [--idle]` prints a line of JSON for
each step. With --idle the stations boot and stay silent until standard input ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import sys
import time
from array import array

import uvloop

from bench import frames

CONNECTING_AT_ONCE = 256


class Run:
    """What is measured: begins when every station is connected and warm."""

    def __init__(self) -> None:
        self.measuring = False
        self.stopped = False
        self.latencies = array("d")
        self.errors = 0
        self.transactions = 0
        self.kinds = dict.fromkeys(frames.KINDS, 0)


class Station(asyncio.Protocol):
    """One station: the mix in a circle."""

    def __init__(self, number: int, host: str, run: Run, booted: asyncio.Future[None], *, idle: bool) -> None:
        self.number = number
        self.host = host
        self.run = run
        self.booted = booted
        self.idle = idle
        self.buffer = b""
        self.opened = False
        self.step = -1  # the boot, before the circle
        self.asked = 0
        self.sent_at = 0.0
        self.energy = 1000 + number
        self.transaction = "0"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(frames.upgrade(f"BENCH{self.number:05d}", self.host))

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it
        if not self.booted.done():
            self.booted.set_exception(ConnectionError(f"the server refused station {self.number}"))
        elif not self.run.stopped:
            self.run.errors += 1

    def data_received(self, data: bytes) -> None:
        if self.buffer:
            data = self.buffer + data
            self.buffer = b""
        if not self.opened:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self.buffer = head
                return
            if b" 101 " not in head[:20]:
                self.booted.set_exception(ConnectionError(head.decode(errors="replace")))
                return
            self.opened = True
            self.ask()
        while len(data) >= 2:
            size, start = data[1], 2
            if size == 126:
                size, start = int.from_bytes(data[2:4], "big"), 4
            if len(data) < start + size:
                break
            payload, opcode, data = data[start : start + size], data[0], data[start + size :]
            if opcode == 0x81:
                self.answered(payload)
        self.buffer = data

    @property
    def kind(self) -> str:
        return frames.CIRCLE[self.step] if self.step >= 0 else "BootNotification"

    def ask(self) -> None:
        now = time.time()
        kind = self.kind
        self.asked += 1
        self.energy += 7
        frame = frames.call(kind, id_=self.asked, now=now, energy=self.energy, transaction=self.transaction)
        self.sent_at = time.perf_counter()
        self.transport.write(frame)

    def answered(self, payload: bytes) -> None:
        run = self.run
        if payload[:2] != b"[3":
            run.errors += payload[:2] == b"[4"
            return
        kind = self.kind
        if run.measuring:
            run.latencies.append(time.perf_counter() - self.sent_at)
            run.kinds[kind] += 1
        if self.step < 0:
            if not self.booted.done():
                self.booted.set_result(None)
            if self.idle:
                return
        elif kind == "StartTransaction":
            begin = payload.index(b'"transactionId":') + 16
            self.transaction = payload[begin:].lstrip().split(b",", 1)[0].split(b"}", 1)[0].decode()
        self.step = (self.step + 1) % len(frames.CIRCLE)
        if not run.stopped:
            self.ask()


async def connect(
    port: int, stations: int, run: Run, *, tls: bool, idle: bool
) -> tuple[float, list[Station]]:
    """Connect and boot all; returns the seconds that it took until the last one was answered."""
    loop = asyncio.get_running_loop()
    context = None
    if tls:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    gate = asyncio.Semaphore(CONNECTING_AT_ONCE)
    made: list[Station] = []

    async def one(number: int) -> None:
        booted: asyncio.Future[None] = loop.create_future()
        station = Station(number, f"127.0.0.1:{port}", run, booted, idle=idle)
        made.append(station)
        async with gate:
            await loop.create_connection(
                lambda: station, "127.0.0.1", port, ssl=context, ssl_handshake_timeout=120 if tls else None
            )
            await booted

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(stations):
            group.create_task(one(number))
    return time.perf_counter() - begun, made


def percentiles(latencies: array) -> dict[str, float]:
    """Milliseconds."""
    ordered = sorted(latencies)
    if not ordered:
        return {}
    return {
        f"p{share}": round(ordered[min(len(ordered) - 1, len(ordered) * share // 100)] * 1000, 3)
        for share in (50, 95, 99)
    }


def told() -> argparse.Namespace:
    """The arguments."""
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("stations", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("warm", type=float)
    parser.add_argument("--tls", action="store_true")
    parser.add_argument("--idle", action="store_true")
    return parser.parse_args()


def tell(event: str, **what: object) -> None:
    """Print a line of JSON."""
    print(json.dumps({"event": event, **what}), flush=True)


async def main() -> None:
    """Run as the arguments say."""
    arguments = told()
    run = Run()
    connected_s, made = await connect(
        arguments.port, arguments.stations, run, tls=arguments.tls, idle=arguments.idle
    )
    tell("connected", seconds=round(connected_s, 3))
    if arguments.idle:
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    else:
        await asyncio.sleep(arguments.warm)
        tell("measuring")
        run.measuring = True
        begun = time.perf_counter()
        await asyncio.sleep(arguments.seconds)
        run.measuring = False
        tell(
            "measured",
            messages=len(run.latencies),
            seconds=time.perf_counter() - begun,
            errors=run.errors,
            kinds=run.kinds,
            latency_ms=percentiles(run.latencies),
        )
    run.stopped = True
    for station in made:
        station.transport.close()


if __name__ == "__main__":
    uvloop.run(main())
