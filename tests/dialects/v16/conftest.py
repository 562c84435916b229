from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from sqlalchemy import create_engine

import ocpp
from ostler.dialects.base import Inbound
from ostler.dialects.v16 import DIALECT
from ostler.domain.events import Event
from ostler.ocpp import lenient, v16
from ostler.services import stations
from ostler.services.stations import Fields
from ostler.store import schema
from ostler.store.database import Db, connect

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
JSON_COLUMNS = ("marks", "measures", "boot_info", "data", "samples")


@cache
def answer_schema(action: str) -> jsonschema.Draft4Validator:
    path = Path(ocpp.__file__).parent / "v16" / "schemas" / f"{action}Response.json"
    return jsonschema.Draft4Validator(json.loads(path.read_text(encoding="utf-8-sig")))


class Reporter:
    """A station that reports over the decoder and the dialect into a real database; its clock is ours."""

    def __init__(self, db: Db, identity: str, **fields: Any) -> None:
        self.db = db
        self.id = identity
        self.pk = stations.create(db, identity, Fields(**{"authorization": "all", **fields}), now=NOW)
        self.now = NOW
        self.flushes = True  # as a commit does; False: all messages are of one commit
        db.events.clear()

    def later(self, **time: float) -> str:
        """Let time pass; gives it as stations write it."""
        self.now += timedelta(**time)
        return self.clock()

    def clock(self, **offset: float) -> str:
        return (self.now + timedelta(**offset)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def say(self, action: str, payload: dict[str, Any] | bytes, *, strict: bool = False) -> dict[str, Any]:
        """Report; gives the answer, which the schema has approved."""
        raw = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        kind = v16.REQUESTS[action]
        decoded = lenient.decode(raw, kind, strict=strict)
        inbound = Inbound(station=self.id, pk=self.pk, epoch=1, received_at=self.now, request=decoded.message)
        response = DIALECT.answers[kind](self.db, inbound)
        if self.flushes:
            self.db.flush()
        answer = json.loads(msgspec.json.encode(response))
        answer_schema(action).validate(answer)
        self.heard = inbound
        return answer

    def start(self, token: str = "TAG", *, connector: int = 1, meter: int = 1000, **more: Any) -> int:
        said = {"connectorId": connector, "idTag": token, "meterStart": meter, "timestamp": self.clock()}
        return self.say("StartTransaction", said | more)["transactionId"]

    def stop(self, number: int, *, meter: int = 2000, **more: Any) -> dict[str, Any]:
        said = {"transactionId": number, "meterStop": meter, "timestamp": self.clock()}
        return self.say("StopTransaction", said | more)

    def sample(self, *samples: dict[str, Any], connector: int = 1, at: str = "", **more: Any) -> None:
        values = [{"timestamp": at or self.clock(), "sampledValue": list(samples)}]
        self.say("MeterValues", {"connectorId": connector, "meterValue": values, **more})

    def register(self, wh: float, **more: Any) -> None:
        self.sample({"value": str(wh)}, **more)

    def status(self, word: str, *, connector: int = 1, **more: Any) -> None:
        said = {"connectorId": connector, "status": word, "errorCode": "NoError"}
        self.say("StatusNotification", said | more)

    def rows(self, table: str, where: str = "1 = 1") -> list[dict[str, Any]]:
        cursor = self.db._connection.execute(f"SELECT * FROM {table} WHERE {where}")
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        for row in found:
            row.update({name: json.loads(row[name]) for name in JSON_COLUMNS if row.get(name)})
        return found

    def transaction(self, number: int) -> dict[str, Any]:
        [row] = self.rows("transactions", f"station = {self.pk} AND ocpp_id = '{number}'")
        return row | {"marks": row["marks"] or []}

    def connector(self, evse: int = 1) -> dict[str, Any]:
        [row] = self.rows("connectors", f"station = {self.pk} AND evse = {evse}")
        return row

    def events(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.db.events if isinstance(event, kind)]

    def sql(self, statement: str, *arguments: Any) -> None:
        self.db._connection.execute(statement, arguments)

    def token(self, id_token: str, **columns: Any) -> int:
        row = {"key": id_token.casefold(), "id_token": id_token, "created_at": 0, **columns}
        marks = ", ".join("?" * len(row))
        text = f"INSERT INTO tokens ({', '.join(row)}) VALUES ({marks})"
        return self.db._connection.execute(text, list(row.values())).lastrowid or 0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Db]:
    """A real database with every table, inside a transaction."""
    path = tmp_path / "ostler.db"
    engine = create_engine(f"sqlite:///{path}")
    schema.main.create_all(engine)
    engine.dispose()
    with closing(connect(path)) as connection:
        connection.execute("BEGIN")
        yield Db(connection)


@pytest.fixture
def cp(db: Db) -> Reporter:
    """The station CP1, which serves all of TAG, OTHER, and MATE and FRIEND of the group FAM."""
    station = Reporter(db, "CP1")
    station.token("TAG")
    station.token("OTHER")
    station.token("MATE", parent="FAM")
    station.token("FRIEND", parent="FAM")
    return station


@pytest.fixture
def cp2(db: Db, cp: Reporter) -> Reporter:
    """Another station, CP2."""
    return Reporter(db, "CP2")
