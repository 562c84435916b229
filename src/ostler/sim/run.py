"""`ostler sim` and the stations of `ostler serve --demo`."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec
from rich.console import Console
from rich.markup import escape

from ostler.domain.visible import visible
from ostler.sim.client import Client, Setup
from ostler.sim.devices import MODELS
from ostler.sim.link import Target
from ostler.sim.memory import MemoryFileError
from ostler.sim.model import Model
from ostler.sim.script import SCRIPTS, Script, Visit, charge, visits
from ostler.sim.station import Told

DEMO_TOKENS: Final = ("DEMO-ANNA", "DEMO-BEN", "DEMO-CLARA", "DEMO-DAVID")
DEMO_STATIONS: Final = ("garage-left", "garage-right")
_DEMO_KEYS: Final = {"MeterValueSampleInterval": "5", "WebSocketPingInterval": "30"}
_FEW: Final = 20
"""Up to so many stations in one process look at their clocks five times a second, more once a second."""


class SimOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `ostler sim`; with `count` > 1 the stations are `identity`-0001 and so on.

    `speed` multiplies energy and shortens visits; beyond about 20, central systems take the meter for broken.
    """

    url: str
    identity: str = "CP1"
    model: str = "generic"
    count: int = 1
    password: str | None = None
    ca_file: str | None = None
    script: str = "charge"
    tokens: tuple[str, ...] = DEMO_TOKENS
    speed: float = 1.0
    once: bool = False
    state: Path | None = None
    seed: int | None = None


class SimError(Exception):
    """Options that cannot be meant or met; the text says what to do instead."""


async def run_sim(options: SimOptions, *, listener: Callable[[Told], None] | None = None) -> None:
    """Run virtual stations until cancelled (with `once`: until each visit is over); raises `SimError`."""
    model, script = _checked(options)
    tell = listener or print_to(Console(highlight=False))
    chance = random.Random(options.seed)
    identities = _identities(options)
    clients = [
        _client(
            Setup(
                identity=identity,
                model=model,
                target=Target(url=options.url, password=_password(options.password), ca_file=options.ca_file),
                speed=options.speed,
                state=_state_file(options, identity),
                tick_s=0.2 if options.count <= _FEW else 1.0,
            ),
            listener=tell,
        )
        for identity in identities
    ]
    visit = Visit(tokens=options.tokens)
    await _run(clients, script, [visit] * len(clients), chance, once=options.once)


async def run_demo(
    url: str,
    *,
    password: str | None = None,
    state: Path | None = None,
    listener: Callable[[Told], None] | None = None,
) -> None:
    """Run the two stations of the demonstration, at which somebody charges all the time, until cancelled.

    With a folder `state` their meters go on from where they stood; raises `SimError` when it cannot be used.
    """
    generic = MODELS["generic"]
    models = (msgspec.structs.replace(generic, model="Virtual 11", connectors=1, max_a=16.0), generic)
    clients = [
        _client(
            Setup(
                identity=identity,
                model=model,
                target=Target(url=url, password=_password(password)),
                fixed=_DEMO_KEYS,
                state=state / f"{identity}.json" if state else None,
                call_timeout_s=15.0,
            ),
            listener=listener,
        )
        for identity, model in zip(DEMO_STATIONS, models, strict=True)
    ]
    calls = [
        Visit(tokens=DEMO_TOKENS, first_s=first_s, rest_s=(5.0, 15.0), charge_s=(60.0, 180.0))
        for first_s in (0.5, 3.0)
    ]
    await _run(clients, charge, calls, random.Random(), once=False)


def print_to(console: Console) -> Callable[[Told], None]:
    """Return a listener that prints one line an event."""

    def tell(told: Told) -> None:
        place = f"{told.identity}/{told.connector}" if told.connector else told.identity
        console.print(
            f"[dim]{told.at:%H:%M:%S}[/dim] [bold]{escape(place)}[/bold] {escape(visible(told.text))}"
        )

    return tell


async def _run(
    clients: Sequence[Client], script: Script, calls: Sequence[Visit], chance: random.Random, *, once: bool
) -> None:
    """Run the stations with drivers at every connector, until cancelled; `once`: until all have left."""
    async with asyncio.TaskGroup() as stations:
        running = [stations.create_task(client.run()) for client in clients]
        async with asyncio.TaskGroup() as drivers:
            for client, visit in zip(clients, calls, strict=True):
                for number in client.station.connectors:
                    # Drivers do not come in step.
                    later = msgspec.structs.replace(visit, first_s=visit.first_s + 4.0 * (number - 1))
                    drivers.create_task(
                        visits(client, number, script, later, random.Random(chance.random()), once=once)
                    )
        for task in running:
            task.cancel()


def _client(setup: Setup, *, listener: Callable[[Told], None] | None) -> Client:
    try:
        if setup.state is not None:
            setup.state.parent.mkdir(parents=True, exist_ok=True)
        return Client(setup, listener=listener)
    except (MemoryFileError, OSError) as error:
        raise SimError(str(error)) from error


def _password(text: str | None) -> bytes | None:
    return None if text is None else text.encode()


def _checked(options: SimOptions) -> tuple[Model, Script]:
    model, script = MODELS.get(options.model), SCRIPTS.get(options.script)
    if model is None:
        raise SimError(f"There is no model {options.model!r}; known are {', '.join(MODELS)}.")
    if script is None:
        raise SimError(f"There is no script {options.script!r}; known are {', '.join(SCRIPTS)}.")
    if options.count < 1 or options.speed <= 0:
        raise SimError("--count and --speed must be greater than 0.")
    if not options.url.startswith(("ws://", "wss://")):
        raise SimError(
            f"{options.url!r} is no station address; it looks like ws://host:9000/ or wss://host/ocpp."
        )
    return model, script


def _identities(options: SimOptions) -> list[str]:
    if options.count == 1:
        return [options.identity]
    return [f"{options.identity}-{number:04}" for number in range(1, options.count + 1)]


def _state_file(options: SimOptions, identity: str) -> Path | None:
    """One file a station: with several, the identity is put into the name."""
    if options.state is None or options.count == 1:
        return options.state
    return options.state.with_name(f"{options.state.stem}-{identity}{options.state.suffix}")
