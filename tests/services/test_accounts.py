from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.domain.words import Role
from ostler.services import accounts
from ostler.services.accounts import Visitor
from ostler.services.audit import audit
from ostler.services.faults import Conflict, Missing, Unfit, nearest
from ostler.services.passwords import API_TOKEN_PREFIX, check_password, hash_password, hash_token, make_token


@pytest.fixture
def anna(db, now):
    return accounts.create_user(db, name="Anna", password_hash="h", role=Role.ADMINISTRATOR, now=now)


def test_there_is_no_administrator_until_one_is_created(db, now):
    before = accounts.has_administrator(db)
    accounts.create_first_administrator(db, name="Anna", password_hash="h", now=now)

    assert not before
    assert accounts.has_administrator(db)
    with pytest.raises(Conflict):
        accounts.create_first_administrator(db, name="Bert", password_hash="h", now=now)


def test_a_name_is_kept_without_the_spaces_around_it(db, now):
    user = accounts.create_user(db, name=" Anna ", password_hash="h", role=Role.VIEWER, now=now)

    assert user.name == "Anna"
    assert accounts.find_credentials(db, "Anna ") is not None


@pytest.mark.parametrize("name", ["", " ", "x" * 65, "a\x00b"])
def test_what_is_no_name_is_refused(db, now, name):
    with pytest.raises(Unfit):
        accounts.create_user(db, name=name, password_hash="h", role=Role.VIEWER, now=now)


def test_the_only_administrator_can_neither_go_nor_be_demoted(db, now, anna):
    with pytest.raises(Conflict):
        accounts.delete_user(db, anna.id)
    with pytest.raises(Conflict):
        accounts.set_role(db, anna.id, Role.VIEWER)


def test_with_a_second_administrator_the_first_may_go(db, now, anna):
    accounts.create_user(db, name="Bert", password_hash="h", role=Role.ADMINISTRATOR, now=now)

    accounts.delete_user(db, anna.id)

    assert [user.name for user in accounts.list_users(db)] == ["Bert"]


def test_a_login_ends_by_itself_and_is_swept_out(db, now, anna):
    accounts.log_in(db, user=anna.id, token="t", now=now)
    later = now + accounts.LOGIN_LASTS

    assert accounts.who_is_logged_in(db, "t", now) == Visitor("user", anna.id, "Anna", Role.ADMINISTRATOR)
    assert accounts.who_is_logged_in(db, "t", later) is None
    assert accounts.who_is_logged_in(db, "other", now) is None
    accounts.log_in(db, user=anna.id, token="u", now=later)
    assert accounts.who_is_logged_in(db, "t", now) is None


def test_a_deleted_user_is_logged_out(db, now, anna):
    accounts.create_user(db, name="Bert", password_hash="h", role=Role.ADMINISTRATOR, now=now)
    accounts.log_in(db, user=anna.id, token="t", now=now)

    accounts.delete_user(db, anna.id)

    assert accounts.who_is_logged_in(db, "t", now) is None


def test_an_api_token_is_found_by_its_hash_only(db, now):
    token = make_token(API_TOKEN_PREFIX)
    made = accounts.create_api_token(db, name="jeedom", role=Role.VIEWER, token=token, now=now)
    accounts.touch_api_token(db, made.id, now + timedelta(hours=1))

    found = accounts.who_holds(db, token)
    assert found == made._replace(last_used_at=now + timedelta(hours=1))
    assert accounts.who_holds(db, token + "x") is None
    assert token not in "".join(db._connection.iterdump())


def test_what_is_not_there_cannot_be_changed(db):
    with pytest.raises(Missing):
        accounts.set_password(db, 7, "h")
    with pytest.raises(Missing):
        accounts.delete_api_token(db, 7)


def test_passwords_match_only_themselves():
    stored = hash_password("correct horse")

    assert check_password(stored, "correct horse")
    assert not check_password(stored, "correct hors")
    assert not check_password(None, "correct horse")
    assert not check_password("no hash at all", "correct horse")


@pytest.mark.parametrize("password", ["short", "x" * 1025])
def test_passwords_have_a_length(password):
    with pytest.raises(Unfit):
        hash_password(password)


def test_odd_characters_in_a_token_are_no_error():
    assert len(hash_token("\ud800")) == 32


def test_the_audit_keeps_who_did_what(db, now):
    audit(db, actor="user:anna", action="station.create", target="CP1", at=now, detail={"a": 1})

    rows = db._connection.execute("SELECT actor, action, target, detail FROM audit").fetchall()
    assert rows == [("user:anna", "station.create", "CP1", '{"a":1}')]


def test_the_nearest_word_is_named_whatever_its_case():
    assert nearest("start-charge", ["stop-charging", "start-charging"]) == ' Did you mean "start-charging"?'
    assert nearest("RESET", ["Reset"]) == ' Did you mean "Reset"?'
    assert nearest("xyz", ["reset"]) == ""
