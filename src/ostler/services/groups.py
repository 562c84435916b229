"""Authorization groups: sets of tokens that a station may serve."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from ostler.services.faults import Conflict, Missing, Unfit
from ostler.services.tokens import Membership, get_token, join_group
from ostler.store.database import Db
from ostler.store.reading.keyset import Order, Rows, read_page
from ostler.store.schema import groups, station_groups, token_groups
from ostler.store.statements import Query, Write

LONGEST_NAME = 100


class Group(NamedTuple):
    """A row of `groups` with the number of its tokens."""

    id: int
    name: str
    description: str
    created_at: datetime
    token_count: int


class _Pk(NamedTuple):
    pk: int


TOKEN_COUNT = (
    select(func.count()).where(token_groups.c.grp == groups.c.pk).correlate(groups).scalar_subquery()
)
COLUMNS = (
    groups.c.pk,
    groups.c.name,
    groups.c.description,
    groups.c.created_at,
    TOKEN_COUNT.label("token_count"),
)
BY_PK = Query(select(*COLUMNS).where(groups.c.pk == bindparam("pk")), into=Group)
BY_NAME = Query(select(groups.c.pk).where(groups.c.name == bindparam("name")), into=_Pk)
MEMBERS = Query(
    select(token_groups.c.token, token_groups.c.grp)
    .where(token_groups.c.grp == bindparam("group"))
    .order_by(token_groups.c.token),
    into=Membership,
)
INSERT = Write(
    insert(groups).values({name: bindparam(name) for name in ("name", "description", "created_at")})
)
UPDATE = Write(
    update(groups)
    .where(groups.c.pk == bindparam("group"))
    .values(name=bindparam("new_name"), description=bindparam("new_description"))
)
DELETE = Write(delete(groups).where(groups.c.pk == bindparam("pk")))
EMPTY = Write(delete(token_groups).where(token_groups.c.grp == bindparam("pk")))
WITHDRAW = Write(delete(station_groups).where(station_groups.c.grp == bindparam("pk")))


def get_group(db: Db, pk: int) -> Group:
    """One group; raises `Missing`."""
    found = db.one(BY_PK, pk=pk)
    if found is None:
        raise Missing(f"There is no authorization group {pk}.")
    return found


def list_groups(db: Db, *, after: list[Any] | None = None, limit: int) -> Rows[Group]:
    """Groups in the order of their ids; `after` is the last id seen."""
    return read_page(db, select(*COLUMNS), Group, Order((groups.c.pk,)), after=after, limit=limit)


def find_group(db: Db, name: str) -> int | None:
    """The id of the group called `name`, or None."""
    found = db.one(BY_NAME, name=name.strip())
    return None if found is None else found.pk


def members(db: Db, pk: int) -> list[int]:
    """The tokens of a group."""
    return [row.token for row in db.all(MEMBERS, group=pk)]


def create_group(
    db: Db, *, name: str, description: str = "", tokens: tuple[int, ...] = (), now: datetime
) -> Group:
    """Add a group; raises `Unfit`, `Conflict`."""
    name = _fit_name(db, name, None)
    pk = db.insert(INSERT, name=name, description=description.strip(), created_at=now)
    _fill(db, pk, tokens)
    return get_group(db, pk)


def put_group(
    db: Db, pk: int, *, name: str, description: str = "", tokens: tuple[int, ...] | None = None
) -> Group:
    """Replace a group; `tokens` None leaves its members. Raises `Missing`, `Unfit`, `Conflict`."""
    get_group(db, pk)
    db.run(UPDATE, group=pk, new_name=_fit_name(db, name, pk), new_description=description.strip())
    if tokens is not None:
        replace_members(db, pk, tokens)
    return get_group(db, pk)


def replace_members(db: Db, pk: int, tokens: tuple[int, ...]) -> None:
    """Make `tokens` all the members that a group has; raises `Unfit`."""
    db.run(EMPTY, pk=pk)
    _fill(db, pk, tokens)


def delete_group(db: Db, pk: int) -> Group:
    """Remove a group and withdraw it from all stations; its tokens stay. Raises `Missing`."""
    group = get_group(db, pk)
    for statement in (EMPTY, WITHDRAW, DELETE):
        db.run(statement, pk=pk)
    return group


def _fill(db: Db, pk: int, tokens: tuple[int, ...]) -> None:
    for token in tokens:
        try:
            get_token(db, token)
        except Missing as missing:
            raise Unfit(missing.detail, field="tokens") from None
        join_group(db, token, pk)


def _fit_name(db: Db, name: str, pk: int | None) -> str:
    name = name.strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise Unfit(f"Choose a name of 1 to {LONGEST_NAME} printable characters.", field="name")
    if find_group(db, name) not in {None, pk}:
        raise Conflict(f'There is a group "{name}" already; choose another name.', field="name")
    return name
