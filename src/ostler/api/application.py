"""The web side as one ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from typing import Any

from litestar import Litestar, Request, Router
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
    notices,
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
from ostler.api.metrics import Figure
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
    notices.list_station_notices,
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
    house.registry = metrics.make_registry(house, figures)
    return dress(make_litestar(), house)


def dress(litestar: Litestar, house: House) -> ASGIApp:
    """Give the routes what they work with, and put the headers around them."""
    litestar.state.house = house
    return Headers(litestar)


def make_litestar() -> Litestar:
    """All routes, still without a house."""
    api = Router(BASE, route_handlers=[*RESOURCES, openapi.make_handler(describe)])
    return _litestar([*OPERATIONS, api, web.make_handler()], lifespan=[_running])


@cache
def describe() -> dict[str, Any]:
    """The OpenAPI description, of an application that is never served."""
    routes: list[ControllerRouterHandler] = [*OPERATIONS, Router(BASE, route_handlers=RESOURCES)]
    return openapi.describe(_litestar(routes, openapi_config=openapi.config()))


def _litestar(
    routes: Sequence[ControllerRouterHandler],
    *,
    openapi_config: OpenAPIConfig | None = None,
    lifespan: Sequence[Any] = (),
) -> Litestar:
    return Litestar(
        route_handlers=routes,
        guards=[admit],
        dependencies={
            "house": Provide(_provide_house, sync_to_thread=False),
            "visitor": Provide(_provide_visitor, sync_to_thread=False),
        },
        exception_handlers=problems.HANDLERS,
        lifespan=lifespan,
        logging_config=None,
        openapi_config=openapi_config,
        request_max_body_size=LARGEST_BODY,
    )


def _provide_house(request: Request[Any, Any, Any]) -> House:
    house: House = request.app.state.house
    return house


def _provide_visitor(request: Request[Any, Any, Any]) -> Visitor:
    visitor: Visitor = request.user  # set by the guard
    return visitor


@asynccontextmanager
async def _running(app: Litestar) -> AsyncIterator[None]:
    house: House = app.state.house
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(house.lag.watch()), group.create_task(_end_streams(house))]
        try:
            yield
        finally:
            house.streams.end_all(house.now())
            for task in tasks:
                task.cancel()


async def _end_streams(house: House) -> None:
    await house.draining.wait()
    house.streams.end_all(house.now())
