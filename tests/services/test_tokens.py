from __future__ import annotations

from datetime import datetime

import pytest

from ostler.domain.words import TokenStatus
from ostler.services import groups, tokens
from ostler.services.faults import Conflict, Missing, Several, Unfit
from ostler.services.group_csv import read_rows, replace_group, write_rows
from ostler.services.tokens import NewToken, TokenChange


@pytest.fixture
def card(db, now):
    return tokens.create_token(db, NewToken(id_token="04AbCd", name="Anna"), now)


def test_a_token_is_found_in_any_case(db, card):
    assert tokens.find_token(db, "04ABCD") == card
    assert tokens.find_token(db, "other") is None


def test_a_token_cannot_be_added_in_another_case(db, card, now):
    with pytest.raises(Conflict):
        tokens.create_token(db, NewToken(id_token="04ABCD"), now)


def test_a_time_without_a_zone_is_refused(db, now):
    with pytest.raises(Unfit) as raised:
        tokens.create_token(db, NewToken(id_token="A", expires_at=datetime(2030, 1, 1)), now)  # noqa: DTZ001

    assert raised.value.field == "expires_at"


def test_what_a_change_does_not_name_stays(db, card):
    changed = tokens.change_token(db, card.id, TokenChange(status=TokenStatus.BLOCKED))

    assert changed == card._replace(status="Blocked")


def test_tokens_join_and_leave_groups(db, card, now):
    first = groups.create_group(db, name="A", tokens=(card.id,), now=now)
    second = groups.create_group(db, name="B", now=now)
    tokens.join_group(db, card.id, second.id)
    tokens.join_group(db, card.id, second.id)
    tokens.leave_group(db, card.id, first.id)

    assert tokens.groups_of(db, card.id) == [second.id]
    assert groups.members(db, second.id) == [card.id]
    assert groups.find_group(db, "B") == second.id


def test_a_deleted_token_leaves_its_groups(db, card, now):
    group = groups.create_group(db, name="A", tokens=(card.id,), now=now)

    tokens.delete_token(db, card.id)

    assert groups.members(db, group.id) == []
    with pytest.raises(Missing):
        tokens.get_token(db, card.id)


def test_a_group_file_written_and_read_back_is_the_same(db, card, now):
    group = groups.create_group(db, name="A", tokens=(card.id,), now=now)
    text = "id;name;status;expiry_date;concurrentTx\r\n" + write_rows([card])

    done = replace_group(db, group.id, read_rows(text.encode()), now)

    assert (done.created, done.changed) == (0, 1)
    assert tokens.get_token(db, card.id) == card


def test_a_file_with_very_many_bad_lines_names_the_first_ones():
    with pytest.raises(Several) as raised:
        read_rows(b"id\n" + b"a;b\n" * 1000)

    assert len(raised.value.faults) == 50
