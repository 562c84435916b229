"""The server as a user starts it: a process, signals, ports, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from ostler.app import server
from ostler.store import migrations
from ostler.store.store import Store

OSTLER = Path(sys.executable).with_name("ostler")
WITHIN_S = 30


class Running:
    """A server process and what it said when it was ready."""

    def __init__(self, process):
        self.process = process
        self.lines = []
        self.ready = self.next_event("ready")

    def next_event(self, name):
        for line in self.process.stderr:
            self.lines.append(line)
            with contextlib.suppress(json.JSONDecodeError):
                event = json.loads(line)
                if event.get("event") == name:
                    return event
        pytest.fail("".join(["The server ended:\n", *self.lines]))

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        # Read on, so that a talkative server does not wait for us.
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self.process.wait(WITHIN_S)


@pytest.fixture
def start(tmp_path):
    """Starts `ostler serve` on free ports in tmp_path; kills what a test leaves."""
    processes = []

    def run(*arguments, **environment):
        command = [OSTLER, "serve", "--host", "127.0.0.1", "--ocpp-port", "0", "--http-port", "0", *arguments]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={**os.environ, **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        return process

    yield run
    for process in processes:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture
def serve(start):
    return lambda *arguments, **environment: Running(start(*arguments, **environment))


def command(tmp_path, *arguments):
    return subprocess.run(
        [OSTLER, *arguments], cwd=tmp_path, check=True, capture_output=True, text=True
    ).stdout


def test_without_settings_it_is_ready_and_says_where(serve, tmp_path):
    server = serve()

    assert httpx.get(f"{server.ready['http']}readyz").json()["ready"] is True
    assert server.ready["ocpp"].startswith("ws://127.0.0.1:")
    assert server.ready["data"] == str(tmp_path / "data")
    assert len(server.ready["setup_code"]) == 8


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(serve, number):
    assert serve().stop(number) == 0


def test_a_connected_station_is_sent_away_with_a_close_frame(serve, tmp_path):
    command(tmp_path, "station", "add", "CP1")
    server = serve()
    with connect(f"{server.ready['ocpp']}CP1", subprotocols=["ocpp1.6"]) as station:
        station.send('[2,"1","Heartbeat",{}]')
        answer = json.loads(station.recv(WITHIN_S))
        server.process.send_signal(signal.SIGTERM)
        for _ in station:
            pass  # what the server still had to say, up to its goodbye

        assert answer[0] in {3, 4}
        assert station.close_code == 1001
    assert server.process.wait(WITHIN_S) == 0


def test_what_the_command_line_changes_beside_it_counts_at_once(serve, tmp_path):
    server = serve()
    command(tmp_path, "station", "add", "CP1", "--password", "0123456789abcdef")
    token = command(tmp_path, "api-token", "create", "--name", "test", "--role", "administrator").strip()
    listed = httpx.get(f"{server.ready['http']}api/v1/stations", headers={"Authorization": f"Bearer {token}"})

    assert [station["id"] for station in listed.json()["items"]] == ["CP1"]


def test_after_the_first_administrator_no_code_is_shown(serve, tmp_path):
    subprocess.run(
        [OSTLER, "user", "add", "anna", "--password-stdin"],
        cwd=tmp_path,
        check=True,
        input="correct horse\n",
        text=True,
    )

    assert "setup_code" not in serve().ready


def test_the_demonstration_has_two_stations_that_charge(serve):
    server = serve("--demo")
    url = f"{server.ready['http']}api/v1/"

    assert server.ready["data"].endswith("/data/demo")
    assert [station["id"] for station in httpx.get(f"{url}stations").json()["items"]] == [
        "garage-left",
        "garage-right",
    ]
    with httpx.stream("GET", f"{url}events?types=transaction.started", timeout=WITHIN_S) as events:
        lines = events.iter_lines()
        assert next(line for line in lines if line == "event: transaction.started")
    assert server.stop() == 0


def test_the_demonstration_does_not_open_real_data(start, tmp_path):
    command(tmp_path, "station", "add", "CP1", "--data", "real")
    process = start("--demo", "--data", "real")

    assert process.wait(WITHIN_S) == 1
    assert "does not open a folder with real data" in process.stderr.read()


def test_a_second_server_on_the_same_folder_is_refused(serve, start):
    first = serve()
    second = start()

    assert second.wait(WITHIN_S) == 1
    said = second.stderr.read()
    assert f"(process {first.process.pid}) already uses data" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("option", "other"), [("--ocpp-port", "--http-port"), ("--http-port", "--ocpp-port")]
)
def test_a_port_in_use_is_said_with_the_remedy(start, option, other):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        process = start(option, port, other, "0")

        assert process.wait(WITHIN_S) == 1
    assert f"Port {port} is in use already" in (said := process.stderr.read())
    assert f"choose another port with {option}" in said
    assert "Traceback" not in said


def test_a_certificate_that_is_not_there_is_said(start):
    process = start(
        OSTLER__OCPP__TLS_PORT="0",
        OSTLER__OCPP__TLS_CERTIFICATE="nowhere.pem",
        OSTLER__OCPP__TLS_KEY="nowhere.key",
    )

    assert process.wait(WITHIN_S) == 1
    assert "nowhere" in (said := process.stderr.read())
    assert "Traceback" not in said


def test_a_setting_that_does_not_exist_ends_with_2(start):
    process = start(OSTLER__OCPP__PROT="1")

    assert process.wait(WITHIN_S) == 2
    assert 'Did you mean "ocpp.port"?' in process.stderr.read()


def test_systemd_is_told_when_it_is_ready_and_when_it_stops(serve, tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(str(tmp_path / "notify"))
        told.settimeout(WITHIN_S)
        server = serve(NOTIFY_SOCKET=str(tmp_path / "notify"), WATCHDOG_USEC="200000")
        heard = {told.recv(100) for _ in range(3)}
        server.process.send_signal(signal.SIGTERM)
        while (last := told.recv(100)) == b"WATCHDOG=1":
            pass

        assert heard == {b"READY=1", b"WATCHDOG=1"}
        assert last == b"STOPPING=1"


def test_hangup_reads_certificates_anew_and_does_not_end_it(serve):
    server = serve()
    server.process.send_signal(signal.SIGHUP)

    assert httpx.get(f"{server.ready['http']}livez").status_code == 200
    assert server.stop() == 0


async def test_housekeeping_that_fails_does_not_end_the_server(tmp_path, monkeypatch):
    monkeypatch.setattr(server, "HOUSEKEEPING_S", 0.01)
    migrations.upgrade(tmp_path)
    store = Store(tmp_path, lambda _: None)
    await store.write(lambda db: db._connection.execute("PRAGMA query_only = ON"))
    work = asyncio.ensure_future(server.housekeeping(store))
    async with asyncio.timeout(10):
        while store.health().ok:  # noqa: ASYNC110 - health sends no events
            await asyncio.sleep(0.01)
    await asyncio.sleep(0)

    assert not work.done()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    store.close()
