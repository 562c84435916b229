"""`ostler serve` and `ostler sim`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ostler.cli.common import CommandError, ConfigOption, DataOption, one_sentence, read_settings

if TYPE_CHECKING:
    from ostler.sim import SimOptions


def serve(
    *,
    data: DataOption = None,
    config: ConfigOption = None,
    host: Annotated[
        str | None, typer.Option(metavar="ADDR", help="Listen on this address only.", show_default="all")
    ] = None,
    ocpp_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where stations connect.", show_default="9000")
    ] = None,
    http_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Pages and REST.", show_default="8080")
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Two virtual stations, no login, this machine only.")
    ] = False,
) -> None:
    """Run the server until Ctrl+C or SIGTERM."""
    with one_sentence():
        loaded = read_settings(
            data,
            config,
            [
                ("--host", "ocpp.host", host),
                ("--host", "http.host", host),
                ("--ocpp-port", "ocpp.port", ocpp_port),
                ("--http-port", "http.port", http_port),
                ("--demo", "demo", demo or None),
            ],
        )
        from ostler.app import StartError, run

        try:
            run(loaded)
        except StartError as error:
            raise CommandError(str(error)) from error


Url = Annotated[str, typer.Option(help="Where stations connect, without the identity.")]
SimIdentity = Annotated[str, typer.Option(help="Who to be; with --count, the beginning of each identity.")]
SimModel = Annotated[str, typer.Option(help="Which model to be.")]
Count = Annotated[int, typer.Option(min=1, help="How many stations.")]
Password = Annotated[str | None, typer.Option(envvar="OSTLER_SIM_PASSWORD", help="The station's key.")]
CaFile = Annotated[Path | None, typer.Option(metavar="PEM", help="Whom to trust when the address is wss://.")]
SimScript = Annotated[str, typer.Option(help="What drivers do: charge, faulty, offline or idle.")]
Tokens = Annotated[list[str] | None, typer.Option(help="Tokens that drivers show; repeat it.")]
Speed = Annotated[float, typer.Option(help="How much faster than the clock cars charge.")]
Once = Annotated[bool, typer.Option("--once", help="End after one visit.")]
State = Annotated[Path | None, typer.Option(metavar="FILE", help="Remember what a station would remember.")]
Seed = Annotated[int | None, typer.Option(help="Let chance repeat itself.")]


def sim(
    *,
    url: Url = "ws://localhost:9000/",
    identity: SimIdentity = "CP1",
    model: SimModel = "generic",
    count: Count = 1,
    password: Password = None,
    ca_file: CaFile = None,
    script: SimScript = "charge",
    token: Tokens = None,
    speed: Speed = 1.0,
    once: Once = False,
    state: State = None,
    seed: Seed = None,
) -> None:
    """Run virtual charging stations until Ctrl+C."""
    from ostler.sim import SimOptions

    given = {"tokens": tuple(token)} if token else {}
    options = SimOptions(
        url=url,
        identity=identity,
        model=model,
        count=count,
        password=password,
        ca_file=None if ca_file is None else str(ca_file),
        script=script,
        speed=speed,
        once=once,
        state=state,
        seed=seed,
        **given,
    )
    simulate(options)


def simulate(options: SimOptions) -> None:
    """Run the stations that `options` describes."""
    import asyncio

    import uvloop

    from ostler.sim import SimError, run_sim

    with one_sentence():
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run_sim(options))
        except SimError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
