from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from harness.central import Server
from harness.virtual import NOW
from harness.waiting import until
from rich.console import Console

from ostler.sim import DEMO_STATIONS, DEMO_TOKENS, SimError, SimOptions, run, run_demo, run_sim
from ostler.sim.script import SCRIPTS
from ostler.sim.station import Told


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"model": "none"}, "no model 'none'; known are generic"),
        ({"script": "none"}, "no script 'none'; known are charge"),
        ({"count": 0}, "greater than 0"),
        ({"speed": 0}, "greater than 0"),
        ({"url": "http://host/"}, "no station address"),
    ],
)
async def test_options_that_cannot_be_meant_are_named(options, why):
    with pytest.raises(SimError, match=why):
        await run_sim(SimOptions(**({"url": "ws://host/"} | options)))


async def test_the_demonstration_charges_with_its_own_tokens(server: Server, tmp_path: Path):
    told: list[Told] = []
    url = f"ws://127.0.0.1:{server.port}/"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_demo(url, state=tmp_path, listener=told.append))
        await until(lambda: server.heard("StartTransaction"))
        task.cancel()

    assert {each.identity for each in told} == set(DEMO_STATIONS)
    assert server.heard("StartTransaction")[0]["id_tag"] in DEMO_TOKENS
    assert files(tmp_path) == {f"{name}.json" for name in DEMO_STATIONS}


async def test_many_stations_have_numbers_and_files_of_their_own(server: Server, tmp_path: Path, monkeypatch):
    async def short(client, driver, visit, chance):
        await driver.until_accepted()

    monkeypatch.setattr(run, "SCRIPTS", {**SCRIPTS, "short": short})
    told: list[Told] = []
    options = SimOptions(
        url=f"ws://127.0.0.1:{server.port}/",
        identity="X",
        count=2,
        script="short",
        once=True,
        state=tmp_path / "state.json",
    )

    await run_sim(options, listener=told.append)

    assert {each.identity for each in told} == {"X-0001", "X-0002"}
    assert files(tmp_path) == {"state-X-0001.json", "state-X-0002.json"}


def test_each_event_is_one_line():
    written = io.StringIO()
    tell = run.print_to(Console(file=written, width=200))

    tell(Told(at=NOW, identity="CP[1]", connector=2, text="is [Charging]"))
    tell(Told(at=NOW, identity="CP1", connector=0, text="connected"))

    assert written.getvalue() == "08:00:00 CP[1]/2 is [Charging]\n08:00:00 CP1 connected\n"


def test_what_a_server_says_does_not_steer_the_terminal():
    written = io.StringIO()
    tell = run.print_to(Console(file=written, width=200))

    tell(Told(at=NOW, identity="CP1", connector=0, text="refused: \x1b[2J"))

    assert written.getvalue() == "08:00:00 CP1 refused: \\x1b[2J\n"


async def test_a_state_file_that_cannot_be_read_is_named(tmp_path: Path):
    file = tmp_path / "state.json"
    file.write_text("{")

    with pytest.raises(SimError, match="Move it away"):
        await run_sim(SimOptions(url="ws://host/", state=file))


async def test_all_connectors_are_visited_until_the_run_is_cancelled(server: Server):
    options = SimOptions(url=f"ws://127.0.0.1:{server.port}/", password="secret", script="idle")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run_sim(options))
        await until(lambda: server.heard("StatusNotification"))
        task.cancel()

    assert server.credentials[0] is not None
