from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import jsonschema
import msgspec
import pytest

import ocpp
from ostler.dialects.base import CallFailed
from ostler.dialects.v16.sends import SENDS
from ostler.domain.commands import Command, CommandResult
from ostler.domain.events import Event
from ostler.domain.words import Result
from ostler.ocpp.base import Request, Response
from ostler.services import stations
from ostler.services.stations import Fields
from ostler.store import migrations
from ostler.store.database import Db
from ostler.store.store import Store

T = TypeVar("T")
Answer = Response | CallFailed | Callable[[Any], Response]
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@cache
def schema_of(version: str, action: str) -> jsonschema.Draft4Validator:
    path = Path(ocpp.__file__).parent / version / "schemas" / f"{action}.json"
    return jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8-sig"), parse_float=Decimal))


class PlayedStation:
    """A station that plays typed answers; every request is judged by the schema and kept as plain JSON."""

    def __init__(self, store: Store, events: list[Event], pk: int, sends: Any) -> None:
        self.station = "CP1"
        self.pk = pk
        self.store = store
        self.events = events
        self.clock = NOW
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._sends = sends
        self._answers: list[Answer] = []

    def now(self) -> datetime:
        return self.clock

    def will(self, *answers: Answer) -> None:
        """Answers to come, in order; the last one is given for ever."""
        self._answers = list(answers)

    async def call(self, request: Request[Any], *, timeout_s: float | None = None) -> Any:
        text = msgspec.json.encode(request)
        schema_of("v16", request.action).validate(json.loads(text, parse_float=Decimal))
        self.sent.append((request.action, json.loads(text)))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, CallFailed):
            raise answer
        answer = answer if isinstance(answer, Response) else answer(request)
        assert isinstance(answer, request.response_type)
        return answer

    async def order(self, command: Command) -> CommandResult:
        """As the gateway does it: a call that failed becomes the result."""
        try:
            return await self._sends[type(command)](self, command)
        except CallFailed as failed:
            return CommandResult(result=failed.outcome, detail=failed.detail)

    async def write(self, function: Callable[..., T], *args: Any, **values: Any) -> T:
        return await self.store.write(function, *args, **values)

    async def read(self, function: Callable[..., T], *args: Any, **values: Any) -> T:
        return await self.store.read(function, *args, **values)

    async def sql(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        """Look into, or change, any table."""

        def run(db: Db) -> list[tuple[Any, ...]]:
            return db._connection.execute(statement, arguments).fetchall()

        return await self.store.write(run)

    @property
    def actions(self) -> list[str]:
        return [action for action, _ in self.sent]

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [payload for _, payload in self.sent]


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with empty databases, made once."""
    folder = tmp_path_factory.mktemp("empty")
    migrations.upgrade(folder)
    return folder


@pytest.fixture
def data_dir(tmp_path: Path, empty_store: Path) -> Path:
    for file in empty_store.glob("*.db"):
        shutil.copy(file, tmp_path)
    return tmp_path


@pytest.fixture
async def played(data_dir: Path) -> AsyncIterator[PlayedStation]:
    """The station CP1 in a real store, spoken to in OCPP 1.6."""
    events: list[Event] = []
    store = Store(data_dir, events.extend)
    pk = await store.write(stations.create, "CP1", Fields(), now=NOW)
    events.clear()
    yield PlayedStation(store, events, pk, SENDS)
    store.close()


@pytest.fixture
def not_known() -> CallFailed:
    """The station answered CALLERROR NotImplemented."""
    return CallFailed(Result.ERROR, "NotImplemented", "NotImplemented")


@pytest.fixture
def timed_out() -> CallFailed:
    return CallFailed(Result.TIMED_OUT, "The station did not answer within 30 s.")
