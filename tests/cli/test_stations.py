from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ostler.services import keys, stations, waiting_room
from ostler.store.session import open_database, read_database

DATA = Path("data")


def stored(identity):
    with read_database(DATA) as db:
        return stations.record(db, identity)


def test_a_station_that_was_added_is_listed(fine):
    fine("station", "add", "CP1", "--name", "Garage")
    [listed] = fine("station", "list", "--json")

    assert (listed["id"], listed["name"], listed["authorization"]) == ("CP1", "Garage", "none")
    assert "Garage" in fine("station", "list")


def test_what_a_station_says_of_itself_does_not_steer_the_terminal(fine):
    with open_database(DATA) as db:
        waiting_room.remember(
            db, "CP1", address="192.0.2.7", subprotocols="", key=None, now=datetime.now(UTC)
        )
        said = waiting_room.Introduction(vendor="\x1b[2J\x9b31m", model="[red]bold[/red]")
        waiting_room.introduce(db, "CP1", said, address="192.0.2.7", now=datetime.now(UTC))
    table, rows = fine("station", "waiting"), fine("station", "waiting", "--json")

    assert "\\x1b[2J\\x9b31m" in table
    assert "[red]bold[/red]" in table
    assert rows[0]["vendor"] == "\x1b[2J\x9b31m"


def test_json_for_programs_holds_nothing_that_steers_a_terminal(ostler):
    ostler("station", "add", "CP1", "--name", "\x1b[2J\x9b31m")
    printed = ostler("station", "list", "--json").stdout

    assert "\x1b" not in printed
    assert "\x9b" not in printed


def test_an_empty_list_is_empty(fine):
    assert fine("station", "list", "--json") == []
    assert fine("station", "list") == ""


def test_a_generated_key_stands_alone_on_standard_output_and_opens(fine):
    key = fine("station", "add", "CP1", "--generate").strip()
    record = stored("CP1")

    assert len(key) == 40
    assert keys.matches(key.encode(), record.key_salt, record.key_hash)
    assert record.security_profile == 1


def test_a_password_is_kept_as_a_hash(fine):
    assert fine("station", "add", "CP1", "--password", "correct horse battery") == ""
    record = stored("CP1")

    assert keys.matches(b"correct horse battery", record.key_salt, record.key_hash)


def test_a_password_may_come_from_standard_input(fine):
    fine("station", "add", "CP1", "--password", "-", input="correct horse battery\n")
    record = stored("CP1")

    assert keys.matches(b"correct horse battery", record.key_salt, record.key_hash)


def test_a_station_may_serve_groups_by_name_or_number(fine):
    fine("token", "add", "A1", "--group", "Family", "--group", "Guests")
    fine("station", "add", "CP1", "--authorization", "Family,2")
    fine("station", "add", "CP2", "--authorization", "all")

    assert [row["authorization"] for row in fine("station", "list", "--json")] == [[1, 2], "all"]
    assert "groups 1, 2" in fine("station", "list")


def test_a_new_key_replaces_the_old_one(fine):
    fine("station", "add", "CP1", "--password", "correct horse battery")
    key = fine("station", "key", "CP1", "--generate").strip()
    record = stored("CP1")

    assert keys.matches(key.encode(), record.key_salt, record.key_hash)
    assert not keys.matches(b"correct horse battery", record.key_salt, record.key_hash)


def test_who_waits_is_listed_and_let_in(fine):
    with open_database(DATA) as db:
        waiting_room.remember(
            db,
            "CP9",
            address="10.0.0.9",
            subprotocols="ocpp1.6",
            key=None,
            now=datetime(2026, 1, 1, tzinfo=UTC),
        )
    [waiting] = fine("station", "waiting", "--json")
    assert "10.0.0.9" in fine("station", "waiting")
    fine("station", "accept", "CP9", "--authorization", "all")

    assert waiting["id"] == "CP9"
    assert [row["id"] for row in fine("station", "list", "--json")] == ["CP9"]
    assert fine("station", "waiting", "--json") == []


def test_what_the_command_line_changes_is_audited(fine):
    fine("station", "add", "CP1")
    with read_database(DATA) as db:
        rows = db._connection.execute("SELECT actor, action, target FROM audit").fetchall()

    assert rows == [("cli", "station.create", "CP1")]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("station", "add", "CP1"), 1, "ostler: There is a station CP1 already.\n"),
        (("station", "add", "a/b"), 1, "ostler: "),
        (("station", "add", "CP2", "--authorization", "Nobody"), 1, 'no authorization group "Nobody"'),
        (("station", "add", "CP2", "--authorization", "7"), 1, "no authorization group 7"),
        (("station", "add", "CP2", "--generate", "--password", "x"), 2, "not both"),
        (("station", "key", "CP1"), 2, "Say which key"),
        (("station", "key", "CP7", "--generate"), 1, "There is no station CP7"),
        (("station", "accept", "CP7"), 1, "CP7"),
        (("station", "add"), 2, "Missing argument"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(fine, ostler, arguments, code, sentence):
    fine("station", "add", "CP1")
    result = ostler(*arguments)

    assert result.exit_code == code
    assert sentence in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
