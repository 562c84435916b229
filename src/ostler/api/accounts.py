"""Users, API tokens and the audit."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import UNSET, UnsetType

from ostler.api.admission import ADMINISTRATOR
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page, page_of, read_cursor
from ostler.domain.words import Role
from ostler.services import accounts
from ostler.services.accounts import Visitor
from ostler.services.passwords import API_TOKEN_PREFIX, hash_password, make_token
from ostler.store.database import Db
from ostler.store.reading.audit import AuditRow, list_audit

ByActor = Annotated[str | None, QueryParameter(description='Only of this actor, such as "user:anna".')]
OfTarget = Annotated[str | None, QueryParameter(description="Only of this target, such as a station.")]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person who may log in."""

    id: int
    name: str
    role: str
    created_at: datetime


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to be added; the role says what the person may do."""

    name: str
    password: str
    role: Role = Role.VIEWER


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new role, a new password, or both."""

    role: Role | UnsetType = UNSET
    password: str | UnsetType = UNSET


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A program's token; the token itself is not kept."""

    id: int
    name: str
    role: str
    created_at: datetime
    last_used_at: datetime | None


class NewApiToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be made."""

    name: str
    role: Role = Role.VIEWER


class ShownApiToken(ApiToken, frozen=True, kw_only=True):
    """A new token; it is shown only in this answer."""

    token: str


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who changed or ordered what, and when."""

    id: int
    at: datetime
    actor: str
    action: str
    target: str
    detail: Any


class UserController(Controller):
    """`/users`."""

    path = "/users"
    tags = ("Users",)

    @get(opt=ADMINISTRATOR)
    async def list_users(
        self, *, house: NamedDependency[House], limit: Limit = 1000, cursor: Cursor = None
    ) -> Page[User]:
        """List the users by name."""
        return page_of(await house.store.read(accounts.list_users), _user, cursor, limit)

    @post(opt=ADMINISTRATOR)
    async def create_user(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], data: JSONBody[NewUser]
    ) -> User:
        """Add a user."""
        password_hash = await asyncio.to_thread(hash_password, data.password)
        made = await house.change(
            visitor,
            "user.create",
            None,
            accounts.create_user,
            name=data.name,
            password_hash=password_hash,
            role=data.role,
            now=house.now(),
        )
        return _user(made)

    @patch("/{user_id:int}", opt=ADMINISTRATOR)
    async def change_user(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        user_id: FromPath[int],
        data: JSONBody[UserChange],
    ) -> User:
        """Change a user's role or password; a new password ends the user's logins."""
        password_hash = (
            None if data.password is UNSET else await asyncio.to_thread(hash_password, data.password)
        )
        role = None if data.role is UNSET else data.role
        return _user(
            await house.change(visitor, "user.change", user_id, _change, user_id, role, password_hash)
        )

    @delete("/{user_id:int}", opt=ADMINISTRATOR)
    async def delete_user(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], user_id: FromPath[int]
    ) -> None:
        """Remove a user, but never the last administrator."""
        await house.change(visitor, "user.delete", user_id, accounts.delete_user, user_id)


class ApiTokenController(Controller):
    """`/api-tokens`."""

    path = "/api-tokens"
    tags = ("API tokens",)

    @get(opt=ADMINISTRATOR)
    async def list_api_tokens(
        self, *, house: NamedDependency[House], limit: Limit = 1000, cursor: Cursor = None
    ) -> Page[ApiToken]:
        """List the API tokens, the oldest first."""
        rows = await house.store.read(accounts.list_api_tokens)
        return page_of(rows, lambda row: ApiToken(**row._asdict()), cursor, limit)

    @post(opt=ADMINISTRATOR)
    async def create_api_token(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        data: JSONBody[NewApiToken],
    ) -> ShownApiToken:
        """Make an API token; it is shown only in this answer."""
        token = make_token(API_TOKEN_PREFIX)
        made = await house.change(
            visitor,
            "api-token.create",
            None,
            accounts.create_api_token,
            name=data.name,
            role=data.role,
            token=token,
            now=house.now(),
        )
        return ShownApiToken(**made._asdict(), token=token)

    @delete("/{api_token_id:int}", opt=ADMINISTRATOR)
    async def delete_api_token(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        api_token_id: FromPath[int],
    ) -> None:
        """Revoke an API token at once."""
        await house.change(visitor, "api-token.delete", api_token_id, accounts.delete_api_token, api_token_id)


@get("/audit", opt=ADMINISTRATOR, tags=("Audit",))
async def read_audit(
    *,
    house: NamedDependency[House],
    limit: Limit = 100,
    cursor: Cursor = None,
    actor: ByActor = None,
    target: OfTarget = None,
) -> Page[AuditEntry]:
    """List who changed or ordered what, the latest first."""
    after = read_cursor(cursor, int)
    rows = await house.store.read(list_audit, actor=actor, target=target, after=after, limit=limit)
    return page(rows, _entry, lambda row: (row.id,))


def _user(row: accounts.User) -> User:
    return User(**row._asdict())


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(**row._asdict())


def _change(db: Db, pk: int, role: Role | None, password_hash: str | None) -> accounts.User:
    if role is not None:
        accounts.set_role(db, pk, role)
    if password_hash is not None:
        accounts.set_password(db, pk, password_hash)
    return accounts.get_user(db, pk)
