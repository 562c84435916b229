"""Nothing that was answered is missing or double, whenever the server is killed (security 2.2).

`make soak` runs the same for minutes: OSTLER_SOAK_S is how long the stations charge.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import sqlite3
from collections import Counter, defaultdict
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from harness.ledger import Bookkeeper
from harness.server import Server

from ostler.services import stations, tokens
from ostler.services.stations import Fields
from ostler.services.tokens import NewToken
from ostler.store import migrations
from ostler.store.session import open_database
from ostler.store.store import Store

SEED = 20260601
STATIONS = 50
SOAK_S = float(os.environ.get("OSTLER_SOAK_S", "8"))
KILLS = max(3, round(SOAK_S / 5))

pytestmark = pytest.mark.timeout(SOAK_S * 4 + 120)


class Books(NamedTuple):
    """What the stations know, and where the server keeps what it knows."""

    keepers: list[Bookkeeper]
    data: Path


def furnish(data: Path) -> None:
    """Known stations, each with a token of its own."""
    now = datetime.now(UTC)
    with open_database(data) as db:
        for number in range(STATIONS):
            stations.create(db, f"L{number:02}", Fields(authorization="all"), now=now)
            tokens.create_token(db, NewToken(id_token=f"L{number:02}"), now)


async def charge(server: Server) -> list[Bookkeeper]:
    """Let all stations charge while the server is killed again and again."""
    chance = random.Random(SEED)
    enough = asyncio.Event()
    keepers = [Bookkeeper(server.ocpp, f"L{number:02}", SEED) for number in range(STATIONS)]
    async with asyncio.timeout(SOAK_S * 3 + 90), asyncio.TaskGroup() as group:
        for keeper in keepers:
            group.create_task(keeper.work(enough))
        for _ in range(KILLS):
            await asyncio.sleep(SOAK_S / KILLS * chance.uniform(0.5, 1.0))  # a random moment, nothing waits
            server.kill()
            await asyncio.to_thread(server.start)
        enough.set()
    return keepers


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("ledger")
    furnish(folder / "data")
    server = Server(folder)
    try:
        server.start()
        keepers = asyncio.run(charge(server))
        assert server.stop() == 0, server.log.read_text()
    finally:
        server.kill()
    assert "Traceback" not in server.log.read_text()
    return Books(keepers, server.data)


def rows(books: Books, sql: str, file: str = "ostler.db") -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(books.data / file)) as connection:
        return connection.execute(sql).fetchall()


def test_enough_was_said_and_enough_was_repeated(books):
    said = [entry for keeper in books.keepers for entry in keeper.entries]

    assert len(said) > 20 * STATIONS
    assert sum(len(entry.ids) > 1 for entry in said) > KILLS


def test_every_transaction_is_stored_once_with_the_energy_of_the_ledger(books):
    kept = Counter(
        rows(
            books,
            "SELECT s.id, t.ocpp_id, t.evse, t.meter_start_wh, t.meter_stop_wh, t.energy_wh"
            " FROM transactions t JOIN stations s ON s.pk = t.station",
        )
    )
    said = Counter(
        (k.identity, str(t.number), t.connector, t.meter_start_wh, t.meter_stop_wh, energy_of(t))
        for k in books.keepers
        for t in k.transactions
    )

    assert kept == said


def energy_of(transaction) -> int:
    return transaction.meter_stop_wh - transaction.meter_start_wh


def test_no_number_was_given_twice(books):
    numbers = [t.number for keeper in books.keepers for t in keeper.transactions]

    assert len(set(numbers)) == len(numbers)


def test_every_meter_value_is_stored_once(books):
    kept = Counter(
        rows(books, "SELECT s.id, m.at, m.energy_wh FROM meter_values m JOIN stations s ON s.pk = m.station")
    )
    said = Counter(
        (keeper.identity, ms(value["timestamp"]), float(value["sampledValue"][0]["value"]))
        for keeper in books.keepers
        for entry in keeper.entries
        if entry.action == "MeterValues"
        for value in entry.payload["meterValue"]
    )

    assert kept == said


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def test_every_meter_value_belongs_to_its_transaction(books):
    found = rows(
        books,
        'SELECT count(*) FROM meter_values m LEFT JOIN transactions t ON t.pk = m."transaction"'
        " WHERE t.pk IS NULL OR t.station != m.station OR t.evse != m.evse"
        " OR m.energy_wh NOT BETWEEN t.meter_start_wh AND t.meter_stop_wh",
    )  # fmt: skip

    assert found == [(0,)]


def test_every_connector_shows_the_last_status_of_the_ledger(books):
    found = rows(books, "SELECT s.id, c.evse, c.status FROM connectors c JOIN stations s ON s.pk = c.station")
    kept = {(identity, evse): status for identity, evse, status in found}
    said = {(k.identity, evse): status for k in books.keepers for evse, status in k.status.items() if status}

    assert kept == said


def test_no_connector_runs_a_transaction_after_all_have_stopped(books):
    assert rows(books, 'SELECT * FROM connectors WHERE "transaction" IS NOT NULL') == []


def test_every_answered_message_is_logged_once_with_its_answer(books):
    logged = Counter()
    answers = {}
    for id_, response in rows(
        books, "SELECT message_id, response FROM messages WHERE direction = 'in'", "log.db"
    ):
        logged[id_] += 1
        answers[id_] = response

    for keeper in books.keepers:
        for entry in keeper.entries:
            *unanswered, answered = entry.ids
            assert logged[answered] == 1
            assert json.loads(answers[answered]) == entry.answer
            assert all(logged[id_] <= 1 for id_ in unanswered)


def test_messages_are_logged_in_the_order_in_which_they_were_said(books):
    attempts = defaultdict(list)
    for station, id_ in rows(
        books, "SELECT station, message_id FROM messages WHERE message_id LIKE 'L%-%' ORDER BY pk", "log.db"
    ):
        attempts[station].append(int(id_.partition("-")[2]))

    assert len(attempts) == STATIONS
    assert all(numbers == sorted(numbers) for numbers in attempts.values())


def test_both_files_are_whole(books):
    assert rows(books, "PRAGMA integrity_check") == [("ok",)]
    assert rows(books, "PRAGMA foreign_key_check") == []
    assert rows(books, "PRAGMA integrity_check", "log.db") == [("ok",)]


async def test_the_writer_waits_for_the_disk(tmp_path):
    """kill -9 proves nothing about a power cut: what counts there is synchronous = FULL (2)."""
    migrations.upgrade(tmp_path)
    store = Store(tmp_path, lambda _events: None)
    found = await store.write(
        lambda db: [
            db._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")
        ]
    )
    store.close()

    assert found == [2, "wal"]
