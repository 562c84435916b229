"""Id tokens: who may charge. Upper and lower case do not count (OCPP 1.6 CiString), but are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import bindparam, delete, insert, or_, select, update

from ostler.domain.words import TokenStatus
from ostler.services.faults import Conflict, Missing, Unfit
from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import groups, token_groups, tokens
from ostler.store.statements import Query, Write, upsert

LONGEST_ID_TOKEN = 36  # OCPP 2.0.1; a 1.6 station sees at most 20 of them


class Token(NamedTuple):
    """A row of `tokens`; its groups are read apart."""

    id: int
    id_token: str
    type: str
    name: str
    status: str
    expires_at: datetime | None
    parallel: bool
    parent: str
    created_at: datetime
    last_used_at: datetime | None


class Membership(NamedTuple):
    """A token in a group."""

    token: int
    group: int


class _Pk(NamedTuple):
    pk: int


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token to be added. `parallel`: it may have several transactions at once; `parent`: token group."""

    id_token: str
    type: str = ""
    name: str = ""
    status: TokenStatus = TokenStatus.ACCEPTED
    expires_at: datetime | None = None
    parallel: bool = False
    parent: str | None = ""
    groups: tuple[int, ...] = ()


class TokenChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change of a token; what is absent stays."""

    id_token: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    status: TokenStatus | UnsetType = UNSET
    expires_at: datetime | UnsetType | None = UNSET
    parallel: bool | UnsetType = UNSET
    parent: str | UnsetType | None = UNSET
    groups: tuple[int, ...] | UnsetType = UNSET


COLUMNS = tuple(
    tokens.c[name]
    for name in (
        "pk", "id_token", "type", "name", "status", "expires_at", "parallel", "parent", "created_at",
        "last_used_at",
    )
)  # fmt: skip
BY_PK = Query(select(*COLUMNS).where(tokens.c.pk == bindparam("pk")), into=Token)
BY_KEY = Query(select(*COLUMNS).where(tokens.c.key == bindparam("key")), into=Token)
GROUPS_OF = Query(
    select(token_groups.c.token, token_groups.c.grp)
    .where(token_groups.c.token == bindparam("token"))
    .order_by(token_groups.c.grp),
    into=Membership,
)
GROUP_EXISTS = Query(select(groups.c.pk).where(groups.c.pk == bindparam("pk")), into=_Pk)
CHANGEABLE = ("id_token", "type", "name", "status", "expires_at", "parallel", "parent")
INSERT = Write(insert(tokens).values({name: bindparam(name) for name in ("key", *CHANGEABLE, "created_at")}))
UPDATE = Write(
    update(tokens)
    .where(tokens.c.pk == bindparam("token"))
    .values({name: bindparam(f"new_{name}") for name in ("key", *CHANGEABLE)})
)
DELETE = Write(delete(tokens).where(tokens.c.pk == bindparam("pk")))
LEAVE_ALL = Write(delete(token_groups).where(token_groups.c.token == bindparam("pk")))
LEAVE = Write(
    delete(token_groups).where(
        token_groups.c.token == bindparam("pk"), token_groups.c.grp == bindparam("group")
    )
)
JOIN = upsert(token_groups, ["token", "grp"], [])


def fit_id_token(text: str) -> str:
    """The id token as it is kept: 1 to 36 printable characters. Raises `Unfit`."""
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_ID_TOKEN or not text.isprintable():
        detail = f"An id token has 1 to {LONGEST_ID_TOKEN} printable characters."
        raise Unfit(detail, field="id_token")
    return text


def fit_parent(text: str | None) -> str:
    """A parent (token group) as it is kept; empty for none. Raises `Unfit`."""
    text = (text or "").strip()
    if len(text) > LONGEST_ID_TOKEN or not text.isprintable():
        detail = f"A parent has at most {LONGEST_ID_TOKEN} printable characters."
        raise Unfit(detail, field="parent")
    return text


def get_token(db: Db, pk: int) -> Token:
    """One token; raises `Missing`."""
    found = db.one(BY_PK, pk=pk)
    if found is None:
        raise Missing(f"There is no token {pk}.")
    return found


def find_token(db: Db, id_token: str) -> Token | None:
    """The token that stations send as `id_token`, or None."""
    return db.one(BY_KEY, key=id_token.casefold())


def list_tokens(
    db: Db,
    *,
    group: int | None = None,
    status: str | None = None,
    text: str = "",
    after: list[Any] | None = None,
    limit: int,
) -> Rows[Token]:
    """Tokens by id, those behind `after` (the last id seen); `text` is looked for in id token and name."""
    clause = select(*COLUMNS)
    if group is not None:
        clause = clause.join(token_groups, token_groups.c.token == tokens.c.pk).where(
            token_groups.c.grp == group
        )
    if status is not None:
        clause = clause.where(tokens.c.status == status)
    if text:
        clause = clause.where(
            or_(
                tokens.c.key.contains(text.casefold(), autoescape=True),
                tokens.c.name.icontains(text, autoescape=True),
            )
        )
    return read_page(db, clause, Token, Order((tokens.c.pk,)), after=after, limit=limit)


def groups_of(db: Db, pk: int) -> list[int]:
    """The authorization groups that a token is in."""
    return [row.group for row in db.all(GROUPS_OF, token=pk)]


def create_token(db: Db, new: NewToken, now: datetime) -> Token:
    """Add a token; raises `Unfit`, `Conflict`."""
    values = _columns(new)
    _must_be_free(db, values["id_token"], None)
    _must_exist(db, new.groups)
    pk = db.insert(INSERT, created_at=now, **values)
    _join(db, pk, new.groups)
    return get_token(db, pk)


def change_token(db: Db, pk: int, change: TokenChange) -> Token:
    """Change what `change` names; raises `Missing`, `Unfit`, `Conflict`."""
    token = get_token(db, pk)
    given = msgspec.structs.asdict(change)
    wanted = {name: token._asdict()[name] if given[name] is UNSET else given[name] for name in CHANGEABLE}
    values = _columns(NewToken(**{**wanted, "status": TokenStatus(wanted["status"])}))
    _must_be_free(db, values["id_token"], pk)
    if change.groups is not UNSET:
        _must_exist(db, change.groups)
        db.run(LEAVE_ALL, pk=pk)
        _join(db, pk, change.groups)
    db.run(UPDATE, token=pk, **{f"new_{name}": value for name, value in values.items()})
    return get_token(db, pk)


def delete_token(db: Db, pk: int) -> Token:
    """Remove a token; its transactions stay. Raises `Missing`."""
    token = get_token(db, pk)
    db.run(LEAVE_ALL, pk=pk)
    db.run(DELETE, pk=pk)
    return token


def join_group(db: Db, pk: int, group: int) -> None:
    """Put a token into a group; nothing happens if it is there."""
    db.run(JOIN, token=pk, grp=group)


def leave_group(db: Db, pk: int, group: int) -> None:
    """Take a token out of a group."""
    db.run(LEAVE, pk=pk, group=group)


def _columns(new: NewToken) -> dict[str, Any]:
    if new.expires_at is not None and new.expires_at.tzinfo is None:
        detail = "Say the time zone of expires_at, for example 2030-01-31T12:00:00Z."
        raise Unfit(detail, field="expires_at")
    id_token = fit_id_token(new.id_token)
    return {
        "key": id_token.casefold(),
        "id_token": id_token,
        "type": new.type.strip(),
        "name": new.name.strip(),
        "status": new.status.value,
        "expires_at": new.expires_at,
        "parallel": new.parallel,
        "parent": fit_parent(new.parent),
    }


def _must_be_free(db: Db, id_token: str, pk: int | None) -> None:
    found = find_token(db, id_token)
    if found is not None and found.id != pk:
        detail = f'There is a token "{found.id_token}" already; upper and lower case do not count.'
        raise Conflict(detail, field="id_token")


def _must_exist(db: Db, wanted: tuple[int, ...]) -> None:
    for group in wanted:
        if db.one(GROUP_EXISTS, pk=group) is None:
            raise Unfit(f"There is no authorization group {group}.", field="groups")


def _join(db: Db, pk: int, wanted: tuple[int, ...]) -> None:
    for group in wanted:
        join_group(db, pk, group)
