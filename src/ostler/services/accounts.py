"""People and programs that may come in: users with passwords, their logins, API tokens."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import bindparam, delete, func, insert, select, update

from ostler.domain.words import Role
from ostler.services.faults import Conflict, Missing, Unfit
from ostler.services.passwords import hash_token
from ostler.store.database import Db
from ostler.store.schema import api_tokens, logins, users
from ostler.store.statements import Query, Write

LOGIN_LASTS = timedelta(days=30)
USED_GRANULARITY = timedelta(minutes=1)
LONGEST_NAME = 64


class User(NamedTuple):
    """A person; the password's hash is read apart."""

    id: int
    name: str
    role: str
    created_at: datetime


class Credentials(NamedTuple):
    """What a login is checked against."""

    id: int
    name: str
    role: str
    password_hash: str


class ApiToken(NamedTuple):
    """A program's token; only its hash is kept."""

    id: int
    name: str
    role: str
    created_at: datetime
    last_used_at: datetime | None


class Visitor(NamedTuple):
    """Who makes a request: `kind` is "user", "token" or "demo"; `id` is the row of the user or the token."""

    kind: str
    id: int
    name: str
    role: Role

    @property
    def actor(self) -> str:
        """How the audit names this visitor."""
        return f"{self.kind}:{self.name}"


class _Count(NamedTuple):
    users: int


class _Login(NamedTuple):
    id: int
    name: str
    role: str
    expires_at: datetime


USER_COLUMNS = (users.c.pk, users.c.name, users.c.role, users.c.created_at)
USERS = Query(select(*USER_COLUMNS).order_by(users.c.name), into=User)
USER = Query(select(*USER_COLUMNS).where(users.c.pk == bindparam("pk")), into=User)
CREDENTIALS = Query(
    select(users.c.pk, users.c.name, users.c.role, users.c.password_hash).where(
        users.c.name == bindparam("name")
    ),
    into=Credentials,
)
ADMINISTRATORS = Query(
    select(func.count()).select_from(users).where(users.c.role == Role.ADMINISTRATOR.value), into=_Count
)
INSERT_USER = Write(
    insert(users).values({name: bindparam(name) for name in ("name", "password_hash", "role", "created_at")})
)
SET_ROLE = Write(update(users).where(users.c.pk == bindparam("user")).values(role=bindparam("new_role")))
SET_PASSWORD = Write(
    update(users).where(users.c.pk == bindparam("user")).values(password_hash=bindparam("new_hash"))
)
DELETE_USER = Write(delete(users).where(users.c.pk == bindparam("pk")))

INSERT_LOGIN = Write(
    insert(logins).values(
        {name: bindparam(name) for name in ("token_hash", "user", "created_at", "expires_at")}
    )
)
LOGIN = Query(
    select(users.c.pk, users.c.name, users.c.role, logins.c.expires_at)
    .join_from(logins, users, logins.c.user == users.c.pk)
    .where(logins.c.token_hash == bindparam("token_hash")),
    into=_Login,
)
DELETE_LOGIN = Write(delete(logins).where(logins.c.token_hash == bindparam("token_hash")))
DELETE_LOGINS_OF = Write(delete(logins).where(logins.c.user == bindparam("pk")))
DELETE_OLD_LOGINS = Write(delete(logins).where(logins.c.expires_at <= bindparam("now")))

TOKEN_COLUMNS = tuple(api_tokens.c[name] for name in ("pk", "name", "role", "created_at", "last_used_at"))
API_TOKENS = Query(select(*TOKEN_COLUMNS).order_by(api_tokens.c.pk), into=ApiToken)
API_TOKEN = Query(select(*TOKEN_COLUMNS).where(api_tokens.c.pk == bindparam("pk")), into=ApiToken)
HOLDER = Query(
    select(*TOKEN_COLUMNS).where(api_tokens.c.token_hash == bindparam("token_hash")), into=ApiToken
)
INSERT_TOKEN = Write(
    insert(api_tokens).values(
        {name: bindparam(name) for name in ("name", "token_hash", "role", "created_at")}
    )
)
TOUCH_TOKEN = Write(
    update(api_tokens).where(api_tokens.c.pk == bindparam("token")).values(last_used_at=bindparam("now"))
)
DELETE_TOKEN = Write(delete(api_tokens).where(api_tokens.c.pk == bindparam("pk")))


def fit_name(name: str) -> str:
    """The name as it is kept; raises `Unfit`."""
    name = unicodedata.normalize("NFC", name).strip()
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        detail = f"Choose a name of 1 to {LONGEST_NAME} printable characters."
        raise Unfit(detail, field="name")
    return name


def has_administrator(db: Db) -> bool:
    """Whether the first run is over."""
    found = db.one(ADMINISTRATORS)
    return found is not None and found.users > 0


def list_users(db: Db) -> list[User]:
    """All users by name."""
    return db.all(USERS)


def get_user(db: Db, pk: int) -> User:
    """One user; raises `Missing`."""
    found = db.one(USER, pk=pk)
    if found is None:
        raise Missing(f"There is no user {pk}.")
    return found


def find_credentials(db: Db, name: str) -> Credentials | None:
    """What to check a login of `name` against."""
    return db.one(CREDENTIALS, name=unicodedata.normalize("NFC", name).strip())


def create_user(db: Db, *, name: str, password_hash: str, role: Role, now: datetime) -> User:
    """Add a user; `password_hash` is of `passwords.hash_password`. Raises `Unfit`, `Conflict`."""
    name = fit_name(name)
    if db.one(CREDENTIALS, name=name) is not None:
        raise Conflict(f'There is a user "{name}" already; choose another name.', field="name")
    pk = db.insert(INSERT_USER, name=name, password_hash=password_hash, role=role.value, created_at=now)
    return User(pk, name, role.value, now)


def create_first_administrator(db: Db, *, name: str, password_hash: str, now: datetime) -> User:
    """Add the administrator of the first run; raises `Conflict` when there is one already."""
    if has_administrator(db):
        raise Conflict("There is an administrator already; log in instead.")
    return create_user(db, name=name, password_hash=password_hash, role=Role.ADMINISTRATOR, now=now)


def set_role(db: Db, pk: int, role: Role) -> User:
    """Change what a user may do; raises `Missing`, `Conflict` for the last administrator."""
    user = get_user(db, pk)
    if role is not Role.ADMINISTRATOR:
        _keep_an_administrator(db, user)
    db.run(SET_ROLE, user=pk, new_role=role.value)
    return user._replace(role=role.value)


def set_password(db: Db, pk: int, password_hash: str) -> None:
    """Change a password and end all logins that were made with the old one; raises `Missing`."""
    get_user(db, pk)
    db.run(SET_PASSWORD, user=pk, new_hash=password_hash)
    db.run(DELETE_LOGINS_OF, pk=pk)


def delete_user(db: Db, pk: int) -> User:
    """Remove a user and the user's logins; raises `Missing`, `Conflict` for the last administrator."""
    user = get_user(db, pk)
    _keep_an_administrator(db, user)
    db.run(DELETE_LOGINS_OF, pk=pk)
    db.run(DELETE_USER, pk=pk)
    return user


def _keep_an_administrator(db: Db, user: User) -> None:
    found = db.one(ADMINISTRATORS)
    if user.role == Role.ADMINISTRATOR and (found is None or found.users <= 1):
        raise Conflict(f"{user.name} is the only administrator; make another one first.")


def log_in(db: Db, *, user: int, token: str, now: datetime) -> None:
    """Keep the hash of a login cookie's `token` for 30 days, and sweep out what has expired."""
    db.run(DELETE_OLD_LOGINS, now=now)
    token_hash = hash_token(token)
    db.run(INSERT_LOGIN, token_hash=token_hash, user=user, created_at=now, expires_at=now + LOGIN_LASTS)


def log_out(db: Db, token: str) -> None:
    """Forget a login."""
    db.run(DELETE_LOGIN, token_hash=hash_token(token))


def who_is_logged_in(db: Db, token: str, now: datetime) -> Visitor | None:
    """The user behind a login cookie, or None."""
    found = db.one(LOGIN, token_hash=hash_token(token))
    if found is None or found.expires_at <= now:
        return None
    return Visitor("user", found.id, found.name, Role(found.role))


def list_api_tokens(db: Db) -> list[ApiToken]:
    """All API tokens, the oldest first."""
    return db.all(API_TOKENS)


def create_api_token(db: Db, *, name: str, role: Role, token: str, now: datetime) -> ApiToken:
    """Keep the hash of `token`, made by `passwords.make_token(API_TOKEN_PREFIX)`; raises `Unfit`."""
    name = fit_name(name)
    pk = db.insert(INSERT_TOKEN, name=name, token_hash=hash_token(token), role=role.value, created_at=now)
    return ApiToken(pk, name, role.value, now, None)


def delete_api_token(db: Db, pk: int) -> ApiToken:
    """Revoke a token at once; raises `Missing`."""
    found = db.one(API_TOKEN, pk=pk)
    if found is None:
        raise Missing(f"There is no API token {pk}.")
    db.run(DELETE_TOKEN, pk=pk)
    return found


def who_holds(db: Db, token: str) -> ApiToken | None:
    """The row of an API token, or None."""
    return db.one(HOLDER, token_hash=hash_token(token))


def touch_api_token(db: Db, pk: int, now: datetime) -> None:
    """Remember that the token was used."""
    db.run(TOUCH_TOKEN, token=pk, now=now)
