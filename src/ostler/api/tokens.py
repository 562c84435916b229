"""Id tokens: who may charge."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from ostler.api.admission import OPERATOR, VIEWER
from ostler.api.house import House
from ostler.api.paging import Cursor, Limit, Page, page, read_cursor
from ostler.domain.words import TokenStatus
from ostler.services import tokens
from ostler.services.accounts import Visitor
from ostler.services.tokens import NewToken, TokenChange
from ostler.store.database import Db
from ostler.store.reading.keyset import Rows

InGroup = Annotated[int | None, QueryParameter(description="Only tokens of this authorization group.")]
WithStatus = Annotated[TokenStatus | None, QueryParameter(description="Only tokens of this status.")]
Search = Annotated[str, QueryParameter(description="Only tokens with this text in id token or name.")]


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """An id token. `parallel`: it may have several transactions at once; `parent`: its token group."""

    id: int
    id_token: str
    type: str
    name: str
    status: str
    expires_at: datetime | None
    parallel: bool
    parent: str
    groups: list[int]
    created_at: datetime
    last_used_at: datetime | None


class TokenController(Controller):
    """`/tokens`."""

    path = "/tokens"
    tags = ("Tokens",)

    @get(opt=VIEWER)
    async def list_tokens(
        self,
        *,
        house: NamedDependency[House],
        limit: Limit = 100,
        cursor: Cursor = None,
        group: InGroup = None,
        status: WithStatus = None,
        q: Search = "",
    ) -> Page[Token]:
        """List the tokens, the oldest first."""
        after = read_cursor(cursor, int)
        rows = await house.store.read(
            _read_tokens, group=group, status=status, text=q, after=after, limit=limit
        )
        return page(rows, lambda token: token, lambda token: (token.id,))

    @post(opt=OPERATOR)
    async def create_token(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        data: JSONBody[NewToken],
    ) -> Token:
        """Add a token. Upper and lower case do not count."""
        made = await house.change(visitor, "token.create", None, tokens.create_token, data, house.now())
        return await house.store.read(_read_token, made.id)

    @get("/{token_id:int}", opt=VIEWER)
    async def get_token(self, *, house: NamedDependency[House], token_id: FromPath[int]) -> Token:
        """Show one token."""
        return await house.store.read(_read_token, token_id)

    @patch("/{token_id:int}", opt=OPERATOR)
    async def change_token(
        self,
        *,
        house: NamedDependency[House],
        visitor: NamedDependency[Visitor],
        token_id: FromPath[int],
        data: JSONBody[TokenChange],
    ) -> Token:
        """Change a token; what is not given stays."""
        await house.change(visitor, "token.change", token_id, tokens.change_token, token_id, data)
        return await house.store.read(_read_token, token_id)

    @delete("/{token_id:int}", opt=OPERATOR)
    async def delete_token(
        self, *, house: NamedDependency[House], visitor: NamedDependency[Visitor], token_id: FromPath[int]
    ) -> None:
        """Remove a token; its transactions stay."""
        await house.change(visitor, "token.delete", token_id, tokens.delete_token, token_id)


def _show(db: Db, token: tokens.Token) -> Token:
    return Token(**token._asdict(), groups=tokens.groups_of(db, token.id))


def _read_token(db: Db, pk: int) -> Token:
    return _show(db, tokens.get_token(db, pk))


def _read_tokens(
    db: Db,
    *,
    group: int | None,
    status: TokenStatus | None,
    text: str,
    after: list[int] | None,
    limit: int,
) -> Rows[Token]:
    rows = tokens.list_tokens(db, group=group, status=status, text=text, after=after, limit=limit)
    return Rows([_show(db, token) for token in rows.rows], rows.more)
