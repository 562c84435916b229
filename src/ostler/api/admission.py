"""Who may do what: every route names the role that it needs, and one guard checks it."""

from __future__ import annotations

import ipaddress
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from ostler.api.bodies import check_body, check_path, check_query
from ostler.api.house import House
from ostler.api.problems import Refused
from ostler.domain.words import Role
from ostler.services import accounts
from ostler.services.accounts import Visitor

Connection = ASGIConnection[Any, Any, Any, Any]

COOKIE = "ostler_login"
RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMINISTRATOR: 2}
READING = frozenset({"GET", "HEAD", "OPTIONS"})
TOUCHED_EVERY = timedelta(minutes=1)

PUBLIC: dict[str, Any] = {"role": None}
VIEWER: dict[str, Any] = {"role": Role.VIEWER}
OPERATOR: dict[str, Any] = {"role": Role.OPERATOR}
ADMINISTRATOR: dict[str, Any] = {"role": Role.ADMINISTRATOR}
"""For `opt=` of a route."""


async def admit(connection: Connection, handler: BaseRouteHandler) -> None:
    """The guard of all routes: same origin, role, path and query parameters, body. In this order."""
    house: House = connection.app.state.house
    needed: Role | None = handler.opt["role"]
    if _changes(connection):
        check_origin(connection)
    if needed is not None:
        visitor = await identify(connection, house)
        if visitor is None:
            raise Refused(401, "Log in, or send an API token as `Authorization: Bearer ost_...`.")
        if RANK[visitor.role] < RANK[needed]:
            raise Refused(
                403, f"This needs the role {needed.value}; {visitor.name} has {visitor.role.value}."
            )
        connection.scope["user"] = visitor
    check_path(connection)
    check_query(connection, handler)
    await check_body(connection, handler)


async def identify(connection: Connection, house: House) -> Visitor | None:
    """Who asks: an API token, a login cookie or, in a demo, anybody at this machine; a wrong token raises."""
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        return await _token_holder(authorization, house)
    cookie = connection.cookies.get(COOKIE)
    if cookie:
        visitor = await house.store.read(accounts.who_is_logged_in, cookie, house.now())
        if visitor is not None:
            if _changes(connection):
                require_origin(connection)
            return visitor
    if house.settings.demo and is_local(connection):
        return Visitor("demo", 0, "demo", Role.ADMINISTRATOR)
    return None


async def _token_holder(authorization: str, house: House) -> Visitor:
    scheme, _, token = authorization.partition(" ")
    found = None
    if scheme.lower() == "bearer":
        found = await house.store.read(accounts.who_holds, token.strip())
    if found is None:
        house.auth_failures += 1
        raise Refused(401, "This API token is not valid; make one with `ostler api-token create`.")
    now = house.now()
    if found.last_used_at is None or now - found.last_used_at >= TOUCHED_EVERY:
        await house.store.write(accounts.touch_api_token, found.id, now)
    return Visitor("token", found.id, found.name, Role(found.role))


def check_origin(connection: Connection) -> None:
    """Refuse a change that another site's page sends through somebody's browser."""
    origin = connection.headers.get("origin")
    if origin is not None and not _same_host(origin, connection.headers.get("host", "")):
        raise Refused(403, "This request comes from another site's page.")


def require_origin(connection: Connection) -> None:
    """A login cookie is sent by browsers unasked, so a change must show that our own page sends it."""
    if connection.headers.get("origin") is None and (
        connection.headers.get("sec-fetch-site") != "same-origin"
    ):
        raise Refused(403, "Send the Origin header together with a login cookie, or use an API token.")


def is_local(connection: Connection) -> bool:
    """Whether the request was made at this machine, to this machine, past no proxy.

    The Host header counts too: a foreign page can make a browser come here under a foreign name.
    """
    client = connection.client
    forwarded = connection.headers.get("x-forwarded-for") or connection.headers.get("forwarded")
    return (
        client is not None
        and not forwarded
        and _is_loopback(client.host)
        and _is_loopback(host_name(connection.headers.get("host", "")))
    )


def host_name(host: str) -> str:
    """The name in a Host header, without the port."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _same_host(origin: str, host: str) -> bool:
    try:
        there, here = urlsplit(origin), urlsplit(f"//{host}")
        ports = (there.port, here.port)
    except ValueError:
        return False
    usual = {"http": 80, "https": 443}.get(there.scheme)
    return (
        there.hostname is not None
        and there.hostname == here.hostname
        and (ports[0] or usual) == (ports[1] or usual)
    )


def _changes(connection: Connection) -> bool:
    return str(connection.scope.get("method")) not in READING


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
