"""Authorization groups, also as CSV."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.response import Stream

from ostler.api.admission import OPERATOR, VIEWER
from ostler.api.exports import CHUNK, download
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page, read_cursor
from ostler.services import group_csv, groups, tokens
from ostler.services.accounts import Visitor
from ostler.store.database import Db


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """An authorization group."""

    id: int
    name: str
    description: str
    created_at: datetime
    token_count: int


class GroupWithTokens(Group, frozen=True, kw_only=True):
    """An authorization group with the ids of its tokens."""

    tokens: list[int]


class NewGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group to be added, with the ids of its tokens."""

    name: str
    description: str = ""
    tokens: tuple[int, ...] = ()


class GroupContent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a group is from now on; without `tokens` its members stay."""

    name: str
    description: str = ""
    tokens: tuple[int, ...] | None = None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did to tokens; the group has exactly those of the file."""

    created: int
    changed: int


class GroupController(Controller):
    """`/authorization-groups`."""

    path = "/authorization-groups"
    tags = ("Authorization groups",)

    @get(opt=VIEWER)
    async def list_groups(
        self, *, house: NamedDependency[House], limit: Limit = 100, cursor: Cursor = None
    ) -> Page[Group]:
        """List the groups, the oldest first."""
        after = read_cursor(cursor, int)
        rows = await house.store.read(groups.list_groups, after=after, limit=limit)
        return page(rows, lambda row: Group(**row._asdict()), lambda row: (row.id,))

    @post(opt=OPERATOR)
    async def create_group(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        data: JSONBody[NewGroup],
    ) -> GroupWithTokens:
        """Add a group."""
        made = await house.change(
            visitor,
            "group.create",
            None,
            groups.create_group,
            name=data.name,
            description=data.description,
            tokens=data.tokens,
            now=house.now(),
        )
        return await house.store.read(_read_group, made.id)

    @get("/{group_id:int}", opt=VIEWER)
    async def get_group(self, *, house: NamedDependency[House], group_id: FromPath[int]) -> GroupWithTokens:
        """Show one group with the ids of its tokens."""
        return await house.store.read(_read_group, group_id)

    @put("/{group_id:int}", opt=OPERATOR)
    async def put_group(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        group_id: FromPath[int],
        data: JSONBody[GroupContent],
    ) -> GroupWithTokens:
        """Replace a group."""
        await house.change(
            visitor,
            "group.change",
            group_id,
            groups.put_group,
            group_id,
            name=data.name,
            description=data.description,
            tokens=data.tokens,
        )
        return await house.store.read(_read_group, group_id)

    @delete("/{group_id:int}", opt=OPERATOR)
    async def delete_group(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], group_id: FromPath[int]
    ) -> None:
        """Remove a group and withdraw it from all stations; its tokens stay."""
        await house.change(visitor, "group.delete", group_id, groups.delete_group, group_id)

    @get("/{group_id:int}/csv", opt=VIEWER, media_type="text/csv")
    async def get_group_csv(self, *, house: NamedDependency[House], group_id: FromPath[int]) -> Stream:
        """Download a group: `id;name;status;expiry_date;concurrentTx`, times in UTC."""
        group = await house.store.read(groups.get_group, group_id)
        return download(_lines(house, group_id), f"{group.name}.csv", "text/csv; charset=utf-8")

    @put("/{group_id:int}/csv", opt=OPERATOR)
    async def put_group_csv(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        group_id: FromPath[int],
        request: Request[Any, Any, Any],
    ) -> Imported:
        """Replace the tokens of a group by those of a file; all of it or nothing."""
        rows = group_csv.read_rows(await request.body())
        done = await house.change(
            visitor, "group.import", group_id, group_csv.replace_group, group_id, rows, house.now()
        )
        return Imported(**done._asdict())


CSV_PATH = re.compile(r"^(.*/authorization-groups/\d+)\.csv$")
"""The framework cannot tell `7` from `7.csv`, so the path that people use is rewritten to the route's."""


async def _lines(house: House, group: int) -> AsyncIterator[str]:
    yield group_csv.header()
    after = None
    while True:
        rows = await house.store.read(tokens.list_tokens, group=group, after=after, limit=CHUNK)
        yield group_csv.write_rows(rows.rows)
        if not rows.more:
            return
        after = [rows.rows[-1].id]


def _read_group(db: Db, pk: int) -> GroupWithTokens:
    return GroupWithTokens(**groups.get_group(db, pk)._asdict(), tokens=groups.members(db, pk))
