from __future__ import annotations

from pathlib import Path

import pytest

from ostler.services import accounts
from ostler.services.passwords import check_password
from ostler.store.session import read_database

DATA = Path("data")


def test_an_api_token_stands_alone_on_standard_output(fine):
    token = fine("api-token", "create", "--name", "jeedom", "--role", "operator")
    with read_database(DATA) as db:
        holder = accounts.who_holds(db, token.strip())

    assert token.count("\n") == 1
    assert (holder.name, holder.role) == ("jeedom", "operator")


def test_api_tokens_are_listed_and_revoked(fine):
    fine("api-token", "create", "--name", "jeedom", "--role", "viewer")
    [listed] = fine("api-token", "list", "--json")
    assert "jeedom" in fine("api-token", "list")
    fine("api-token", "revoke", str(listed["id"]))

    assert fine("api-token", "list", "--json") == []


def test_a_user_gets_the_password_from_standard_input(fine):
    fine("user", "add", "anna", "--role", "operator", "--password-stdin", input="correct horse\n")
    with read_database(DATA) as db:
        credentials = accounts.find_credentials(db, "anna")

    assert credentials.role == "operator"
    assert check_password(credentials.password_hash, "correct horse")
    assert [user["name"] for user in fine("user", "list", "--json")] == ["anna"]
    assert "operator" in fine("user", "list")


def test_a_person_at_a_terminal_is_asked_twice(fine, monkeypatch):
    monkeypatch.setattr("ostler.cli.access.is_terminal", lambda: True)
    fine("user", "add", "anna", input="correct horse\ncorrect horse\n")

    assert [user["role"] for user in fine("user", "list", "--json")] == ["administrator"]


def test_tokens_are_listed_with_their_groups(fine):
    fine(
        "token",
        "add",
        "CARD-1",
        "--name",
        "Anna",
        "--group",
        "Family",
        "--parallel",
        "--expires",
        "2030-01-31",
    )
    [token] = fine("token", "list", "--json")

    assert (token["id_token"], token["groups"], token["parallel"]) == ("CARD-1", ["Family"], True)
    assert token["expires_at"] == "2030-01-31T00:00:00Z"
    assert "2030-01-31" in fine("token", "list")


def test_a_group_is_made_once(fine):
    fine("token", "add", "CARD-1", "--group", "Family")
    fine("token", "add", "CARD-2", "--group", "Family")

    assert [token["groups"] for token in fine("token", "list", "--json")] == [["Family"], ["Family"]]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("user", "add", "anna"), 2, "add --password-stdin"),
        (("user", "add", "anna", "--password-stdin"), 1, "at least 8"),
        (("user", "add", "anna", "--role", "king"), 2, "king"),
        (("api-token", "revoke", "7"), 1, "There is no API token 7"),
        (("token", "add", ""), 1, "1 to 36 printable characters"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(ostler, arguments, code, sentence):
    result = ostler(*arguments, input="short\n")

    assert result.exit_code == code
    assert sentence in result.stderr
    assert result.stdout == ""
