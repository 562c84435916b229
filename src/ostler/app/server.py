"""The server from start to stop: builds every part, hands each what it needs, and ends them in order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import time
from datetime import UTC, datetime

import msgspec
import structlog
import uvloop

from ostler.api.application import create_app
from ostler.app import demo, logs
from ostler.app.figures import gateway_figures
from ostler.app.greeting import Addresses, greet
from ostler.app.notify import notify, watchdog_interval_s
from ostler.app.problems import StartError, cannot_listen, check_certificate
from ostler.app.web import WebServer
from ostler.bus.local import Bus
from ostler.dialects.v16 import DIALECT as V16
from ostler.gateway.gateway import Gateway
from ostler.services import accounts, reservations
from ostler.settings import Loaded, Settings
from ostler.sim import run_demo
from ostler.store import migrations
from ostler.store.lock import LockedError, ServerLock
from ostler.store.migrations.run import InUseError, NewerSchemaError
from ostler.store.store import Store

DIALECTS = {dialect.subprotocol: dialect for dialect in (V16,)}
HOUSEKEEPING_S = 10.0
STOP_WITHIN_S = 28.0
GC_THRESHOLD = 50_000
logger = structlog.get_logger()


def run(loaded: Loaded) -> None:
    """Serve until SIGTERM or SIGINT; raises `StartError`."""
    settings = demo.demo_settings(loaded) if loaded.settings.demo else loaded.settings
    logs.configure(settings.console)
    try:
        with ServerLock(settings.data):
            backup = migrations.upgrade(settings.data, as_server=True)
            if backup is not None:
                logger.info("the database was brought up to date", backup=str(backup))
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(Server(settings).serve())
    except (LockedError, NewerSchemaError, InUseError) as error:
        raise StartError(str(error)) from error
    except PermissionError as error:
        raise StartError(f"{error.filename or settings.data} cannot be used: {error.strerror}.") from error


def now() -> datetime:
    """The wall clock, read here and handed inwards."""
    return datetime.now(UTC)


class Server:
    """One server process. `serve` returns after an orderly end."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._draining = asyncio.Event()

    async def serve(self) -> None:
        """Start everything, run, end everything in the reverse order."""
        bus = Bus(start=time.time_ns() // 1000)
        store = Store(self._settings.data, bus.publish, log=self._settings.log)
        try:
            settings = await self._prepared(store)
            gateway = Gateway(store, bus, settings.ocpp, DIALECTS)
            web = WebServer(
                create_app(
                    store,
                    bus,
                    settings.http,
                    draining=self._draining,
                    figures=gateway_figures(gateway.counters),
                ),
                settings.http,
            )
            store.on_foreign_write = gateway.refresh
            self._listen_to_signals(gateway)
            await self._start_gateway(gateway)
            await self._run(settings, store, gateway, web)
        finally:
            await store.drain()
            store.close()
            # The answers of the last commit are called back in the loop's next turn.
            await asyncio.sleep(0)

    async def _prepared(self, store: Store) -> Settings:
        settings = self._settings
        if settings.demo:
            await store.write(demo.furnish, now())
        elif not settings.http.setup_code and not await store.read(accounts.has_administrator):
            http = msgspec.structs.replace(settings.http, setup_code=secrets.token_hex(4))
            settings = msgspec.structs.replace(settings, http=http)
        return settings

    async def _start_gateway(self, gateway: Gateway) -> None:
        ocpp = self._settings.ocpp
        check_certificate(ocpp)
        try:
            await gateway.start()
        except OSError as error:
            # With two listeners: the plain one is opened first.
            plain_fails = ocpp.plain and gateway.ports.plain is None
            port = ocpp.port if plain_fails else ocpp.tls_port or ocpp.port
            option = "--ocpp-port" if plain_fails else "ocpp.tls_port"
            raise cannot_listen(error, host=ocpp.host, port=port, option=option) from error

    async def _run(self, settings: Settings, store: Store, gateway: Gateway, web: WebServer) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(web.run())
            others = [group.create_task(housekeeping(store)), group.create_task(watchdog())]
            if settings.demo:
                others.append(
                    group.create_task(
                        run_demo(f"ws://127.0.0.1:{gateway.ports.plain}/", state=settings.data / "stations")
                    )
                )
            has_administrator = settings.demo or await store.read(accounts.has_administrator)
            greet(settings, Addresses(web.port, *gateway.ports), setup=not has_administrator)
            spare_the_collector()
            notify("READY=1")
            try:
                await self._draining.wait()
            finally:
                # Whatever ended us: stations get the answers to what they told, and a goodbye.
                notify("STOPPING=1")
                self._draining.set()
                for task in others:
                    task.cancel()
                await gateway.stop()
                web.stop()

    def _listen_to_signals(self, gateway: Gateway) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop, number)
        loop.add_signal_handler(signal.SIGHUP, gateway.reload_certificate)

    def _stop(self, number: signal.Signals) -> None:
        if not self._draining.is_set():
            logger.info("stopping: stations get their answers first")
            self._draining.set()
            asyncio.get_running_loop().call_later(STOP_WITHIN_S, self._give_up)
        elif number == signal.SIGINT:
            # A person pressed Ctrl+C again. Supervisors may repeat SIGTERM without meaning it.
            self._give_up()

    def _give_up(self) -> None:
        """End now: what was answered is on the disk, what was not will be sent again."""
        logger.warning("stopping at once")
        os._exit(1)


async def housekeeping(store: Store) -> None:
    """Do every few seconds what nobody asks for; what fails (a full disk, a locked file) is done later."""
    while True:
        await asyncio.sleep(HOUSEKEEPING_S)
        if not store.health().ok:
            continue
        try:
            await store.write(reservations.expire, now())
        except Exception:
            logger.exception("housekeeping failed; it is tried again")


async def watchdog() -> None:
    """Tell systemd that the event loop turns, if it wants to know."""
    interval_s = watchdog_interval_s()
    while interval_s is not None:
        with contextlib.suppress(OSError):  # a supervisor that went away must not take us with it
            notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)


def spare_the_collector() -> None:
    """What exists now stays: the garbage collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 100)
