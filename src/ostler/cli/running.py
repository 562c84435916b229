"""`ostler serve` and `ostler sim`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ostler.cli.common import CommandError, ConfigOption, DataOption, one_sentence, read_settings


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


def sim(
    *,
    url: Annotated[
        str, typer.Option(help="Where stations connect, without the identity.")
    ] = "ws://localhost:9000/",
    identity: Annotated[
        str, typer.Option(help="Who to be; with --count, the beginning of each identity.")
    ] = "CP1",
    model: Annotated[str, typer.Option(help="Which model to be.")] = "generic",
    count: Annotated[int, typer.Option(min=1, help="How many stations.")] = 1,
    password: Annotated[
        str | None, typer.Option(envvar="OSTLER_SIM_PASSWORD", help="The station's key.")
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(metavar="PEM", help="Whom to trust when the address is wss://.")
    ] = None,
    script: Annotated[str, typer.Option(help="What drivers do: charge, faulty, offline or idle.")] = "charge",
    token: Annotated[list[str] | None, typer.Option(help="Tokens that drivers show; repeat it.")] = None,
    speed: Annotated[float, typer.Option(help="How much faster than the clock cars charge.")] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="End after one visit.")] = False,
    state: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Remember what a station would remember.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Let chance repeat itself.")] = None,
) -> None:
    """Run virtual charging stations until Ctrl+C."""
    import asyncio

    import uvloop

    from ostler.sim import SimError, SimOptions, run_sim

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
        **({"tokens": tuple(token)} if token else {}),
    )
    with one_sentence():
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(run_sim(options))
        except SimError as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            return
