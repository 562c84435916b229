"""First run, login, logout, and who one is."""

from __future__ import annotations

import asyncio
import hmac
import math
import time
from typing import Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import JSONBody

from ostler.api.admission import COOKIE, PUBLIC, VIEWER, is_local
from ostler.api.house import House
from ostler.api.problems import Refused
from ostler.domain.words import Role
from ostler.services import accounts
from ostler.services.accounts import Credentials, Visitor
from ostler.services.passwords import check_password, hash_password, make_token

AnyRequest = Request[Any, Any, Any]
TAGS = ("Session",)


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the first administrator is still to be created, and whether that takes the code from here."""

    needed: bool
    code_required: bool


class FirstAdministrator(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first administrator; `code` is what the server printed when it started."""

    name: str
    password: str
    code: str = ""


class Login(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user's name and password."""

    name: str
    password: str


class NewPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One's old and new password."""

    old: str
    new: str


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Who makes this request: `kind` is user, token or demo."""

    name: str
    role: Role
    kind: str
    demo: bool


@get("/setup", opt=PUBLIC, tags=TAGS)
async def get_setup(*, house: NamedDependency[House], request: AnyRequest) -> Setup:
    """Say whether the first administrator is still to be created."""
    needed = not await house.store.read(accounts.has_administrator)
    return Setup(needed=needed, code_required=needed and not is_local(request))


@post("/setup", opt=PUBLIC, tags=TAGS)
async def set_up(
    *, house: NamedDependency[House], request: AnyRequest, data: JSONBody[FirstAdministrator]
) -> Response[Me]:
    """Create the first administrator and log in: at the machine itself, or with the code that it printed."""
    if await house.store.read(accounts.has_administrator):
        raise Refused(409, "There is an administrator already; log in instead.")
    if not is_local(request):
        _check_code(house, request, data.code)
    password_hash = await asyncio.to_thread(hash_password, data.password)
    now = house.now()
    visitor = Visitor("setup", 0, data.name, Role.ADMINISTRATOR)
    user = await house.change(
        visitor,
        "user.create",
        None,
        accounts.create_first_administrator,
        name=data.name,
        password_hash=password_hash,
        now=now,
    )
    return await _logged_in(house, request, Visitor("user", user.id, user.name, Role(user.role)), 201)


@post("/login", status_code=200, opt=PUBLIC, tags=TAGS)
async def log_in(
    *, house: NamedDependency[House], request: AnyRequest, data: JSONBody[Login]
) -> Response[Me]:
    """Log in; the answer sets a cookie for 30 days."""
    found = await _checked(house, request, data.name, data.password)
    return await _logged_in(house, request, Visitor("user", found.id, found.name, Role(found.role)), 200)


@post("/logout", status_code=204, opt=PUBLIC, tags=TAGS)
async def log_out(*, house: NamedDependency[House], request: AnyRequest) -> Response[None]:
    """Log out: the cookie is worth nothing from now on."""
    token = request.cookies.get(COOKIE)
    if token:
        await house.store.write(accounts.log_out, token)
    response = Response(None, status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@get("/me", opt=VIEWER, tags=TAGS)
async def get_me(*, house: NamedDependency[House], visitor: NamedDependency[Visitor]) -> Me:
    """Say who makes this request and what that one may do."""
    return _me(house, visitor)


@put("/me/password", opt=VIEWER, tags=TAGS)
async def change_my_password(
    *,
    house: NamedDependency[House],
    visitor: NamedDependency[Visitor],
    request: AnyRequest,
    data: JSONBody[NewPassword],
) -> Response[Me]:
    """Change one's own password; ends all other logins."""
    if visitor.kind != "user":
        raise Refused(403, "Only users have a password.")
    await _checked(house, request, visitor.name, data.old)
    password_hash = await asyncio.to_thread(hash_password, data.new)
    await house.change(visitor, "user.password", visitor.id, accounts.set_password, visitor.id, password_hash)
    return await _logged_in(house, request, visitor, 200)


async def _checked(house: House, request: AnyRequest, name: str, password: str) -> Credentials:
    """The user whose name and password these are; the same answer and time for an unknown name."""
    address = _address(request)
    _not_too_often(house, address, name)
    async with house.password_checks:
        _not_too_often(house, address, name)
        found = await house.store.read(accounts.find_credentials, name)
        stored = None if found is None else found.password_hash
        right = await asyncio.to_thread(check_password, stored, password)
        if found is None or not right:
            house.throttle.failed(address, name, time.monotonic())
            house.auth_failures += 1
            raise Refused(401, "The name or the password is wrong.")
        house.throttle.succeeded(address, name)
    return found


async def _logged_in(house: House, request: AnyRequest, visitor: Visitor, status: int) -> Response[Me]:
    token = make_token()
    await house.store.write(accounts.log_in, user=visitor.id, token=token, now=house.now())
    cookie = Cookie(
        COOKIE,
        path="/",
        value=token,
        max_age=int(accounts.LOGIN_LASTS.total_seconds()),
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
    return Response(_me(house, visitor), status_code=status, cookies=[cookie])


def _check_code(house: House, request: AnyRequest, code: str) -> None:
    address = _address(request)
    _not_too_often(house, address, "")
    wanted = house.settings.setup_code
    if not wanted or not hmac.compare_digest(wanted.encode(), code.strip().encode()):
        house.throttle.failed(address, "", time.monotonic())
        raise Refused(
            403,
            "From another machine, the setup code is needed that the server printed when it started; "
            "or run `ostler user add` at the machine itself.",
        )


def _not_too_often(house: House, address: str, name: str) -> None:
    wait_s = math.ceil(house.throttle.wait_s(address, name, time.monotonic()))
    if wait_s:
        raise Refused(
            429, f"Too many wrong attempts; try again in {wait_s} s.", headers={"Retry-After": str(wait_s)}
        )


def _address(request: AnyRequest) -> str:
    return request.client.host if request.client else ""


def _me(house: House, visitor: Visitor) -> Me:
    return Me(name=visitor.name, role=visitor.role, kind=visitor.kind, demo=house.settings.demo)


HANDLERS = (get_setup, set_up, log_in, log_out, get_me, change_my_password)
