"""The web side as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.types import ASGIApp, ControllerRouterHandler

from ostler.api import (
    accounts,
    charging_profiles,
    commands,
    events,
    groups,
    health,
    messages,
    meter_values,
    metrics,
    openapi,
    parameters,
    problems,
    reservations,
    session,
    stations,
    tokens,
    transactions,
    waiting_room,
    web,
)
from ostler.api.admission import admit
from ostler.api.headers import Headers
from ostler.api.house import House, wall_clock
from ostler.api.metrics import Figure, LoopLag
from ostler.api.settings import ApiSettings
from ostler.bus.local import Bus
from ostler.services.accounts import Visitor
from ostler.store.store import Store

BASE = "/api/v1"
LARGEST_BODY = 6_000_000
RESOURCES: tuple[ControllerRouterHandler, ...] = (
    *session.HANDLERS,
    stations.StationController,
    waiting_room.WaitingRoomController,
    waiting_room.JoiningWindowController,
    *commands.HANDLERS,
    parameters.ParameterController,
    charging_profiles.list_charging_profiles,
    groups.GroupController,
    tokens.TokenController,
    transactions.TransactionController,
    transactions.export_transactions,
    reservations.ReservationController,
    meter_values.list_meter_values,
    *messages.HANDLERS,
    events.follow_events,
    accounts.UserController,
    accounts.ApiTokenController,
    accounts.read_audit,
)
OPERATIONS: tuple[HTTPRouteHandler, ...] = (health.live, health.ready, metrics.read_metrics)


def create_app(
    store: Store,
    bus: Bus,
    settings: ApiSettings,
    *,
    draining: asyncio.Event | None = None,
    figures: Sequence[Figure] = (),
    clock: Callable[[], datetime] = wall_clock,
) -> ASGIApp:
    """The application for uvicorn.

    Set `draining` before stopping: readiness goes red and live streams end. `/metrics` shows `figures` too.
    """
    house = House(store, bus, settings, draining=draining or asyncio.Event(), clock=clock)
    return Headers(make_litestar(house, figures))


def make_litestar(house: House, figures: Sequence[Figure] = ()) -> Litestar:
    """The same without the outermost layer, for tests that look at routes."""
    lag = LoopLag()
    house.registry = metrics.make_registry(house, lag, figures)
    description = openapi.make_handler(_described())
    return _litestar(
        [*OPERATIONS, Router(BASE, route_handlers=[*RESOURCES, description]), web.make_handler()],
        house=house,
        lifespan=[lambda _: _running(house, lag)],
    )


def describe() -> dict[str, Any]:
    """The OpenAPI description, without a database."""
    return openapi.describe(_described())


def _described() -> Litestar:
    return _litestar([*OPERATIONS, Router(BASE, route_handlers=RESOURCES)], openapi_config=openapi.config())


def _litestar(
    routes: Sequence[ControllerRouterHandler],
    *,
    house: House | None = None,
    openapi_config: OpenAPIConfig | None = None,
    lifespan: Sequence[Any] = (),
) -> Litestar:
    def provide_house() -> House:
        assert house is not None  # noqa: S101 - the described application is never asked
        return house

    return Litestar(
        route_handlers=routes,
        guards=[admit],
        dependencies={
            "house": Provide(provide_house, sync_to_thread=False),
            "visitor": Provide(provide_visitor, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan,
        logging_config=None,
        openapi_config=openapi_config,
        request_max_body_size=LARGEST_BODY,
        state=State({"house": house}),
    )


def provide_visitor(request: Request[Any, Any, Any]) -> Visitor:
    """Who was admitted by the guard."""
    visitor: Visitor = request.user
    return visitor


@asynccontextmanager
async def _running(house: House, lag: LoopLag) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lag.watch()), group.create_task(_end_streams(house))]
        try:
            yield
        finally:
            house.streams.end_all(house.now())
            for task in tasks:
                task.cancel()


async def _end_streams(house: House) -> None:
    await house.draining.wait()
    house.streams.end_all(house.now())
