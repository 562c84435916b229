from __future__ import annotations

import pytest
from sqlalchemy import insert

from ostler.domain.events import StationChanged
from ostler.services import keys, stations
from ostler.services.faults import Conflict, Missing, Unfit
from ostler.services.stations import Fields
from ostler.store.schema import groups
from ostler.store.statements import Write


@pytest.fixture
def group(db, now) -> int:
    return db.insert(Write(insert(groups).values(name="Friends", created_at=now)))


def test_a_new_station_authorises_nobody(db, now):
    stations.create(db, "CP9", Fields(), now=now)

    found = stations.get(db, "CP9")
    assert (found.authorization, found.security_profile, found.has_key) == ("none", 0, False)
    assert stations.authorization(db, found) == "none"
    assert db.events == [StationChanged(at=now, station="CP9")]


@pytest.mark.parametrize("identity", ["", "x" * 49, "a/b", "a:b", "a\n"])
def test_an_identity_that_cannot_be_is_refused(db, now, identity):
    with pytest.raises(Unfit) as caught:
        stations.create(db, identity, Fields(), now=now)
    assert caught.value.field == "id"


def test_an_identity_is_given_once(db, station, now):
    with pytest.raises(Conflict, match="There is a station CP1 already"):
        stations.create(db, "CP1", Fields(), now=now)


def test_a_password_that_a_person_sets_is_required_at_once(db, now):
    stations.create(db, "CP9", Fields(), key="secret", now=now)

    record = stations.record(db, "CP9")
    assert (record.key_shown, record.security_profile) == (True, 1)
    assert keys.matches(b"secret", record.key_salt, record.key_hash)


def test_a_key_that_was_only_sent_is_not_required_yet(db, station, now):
    stations.set_key(db, station, b"secret", now=now)

    record = stations.record(db, "CP1")
    assert (record.key_shown, record.security_profile) == (False, 0)
    assert db.events == [StationChanged(at=now, station="CP1")]


def test_a_key_that_was_used_is_required(db, station, now):
    stations.set_key(db, station, "secret", now=now)
    stations.key_shown(db, station, now=now)

    record = stations.record(db, "CP1")
    assert (record.key_shown, record.security_profile) == (True, 1)


def test_a_higher_security_profile_is_not_lowered_by_a_key(db, now):
    pk = stations.create(db, "CP9", Fields(security_profile=2), key="secret", now=now)
    stations.set_key(db, pk, "other", confirmed=True, now=now)

    assert stations.record(db, "CP9").security_profile == 2


def test_a_key_for_nobody_changes_nothing(db, now):
    stations.set_key(db, 99, "secret", now=now)

    assert db.events == []


def test_a_profile_that_needs_a_key_is_refused_without(db, station, now):
    with pytest.raises(Conflict) as caught:
        stations.change(db, "CP1", Fields(security_profile=1), now=now)
    assert caught.value.field == "security_profile"


def test_a_station_may_serve_the_tokens_of_groups(db, station, group, now):
    stations.change(db, "CP1", Fields(authorization=[group, group]), now=now)

    assert stations.authorization(db, stations.get(db, "CP1")) == [group]
    assert stations.group_pks(db, station) == [group]


def test_all_tokens_take_the_place_of_groups(db, station, group, now):
    stations.change(db, "CP1", Fields(authorization=[group]), now=now)
    stations.change(db, "CP1", Fields(authorization="all"), now=now)

    assert stations.authorization(db, stations.get(db, "CP1")) == "all"
    assert stations.group_pks(db, station) == []


def test_an_unknown_group_is_refused(db, station, now):
    with pytest.raises(Unfit, match="There is no authorization group 7"):
        stations.change(db, "CP1", Fields(authorization=[7]), now=now)


def test_what_is_not_named_stays(db, station, now):
    stations.change(db, "CP1", Fields(name="Garage", ping_interval_s=30), now=now)
    stations.change(db, "CP1", Fields(ping_interval_s=None), now=now)

    found = stations.get(db, "CP1")
    assert (found.name, found.ping_interval_s) == ("Garage", None)


def test_nothing_to_change_is_fine(db, station, now):
    assert stations.change(db, "CP1", Fields(), now=now) == station


def test_who_is_not_there_cannot_be_changed(db, now):
    with pytest.raises(Missing):
        stations.change(db, "CP9", Fields(), now=now)


def test_stations_are_listed_in_the_order_of_their_identities(db, now):
    for identity in ("B", "C", "A"):
        stations.create(db, identity, Fields(), now=now)

    assert [found.id for found in stations.listed(db)] == ["A", "B", "C"]
    assert [found.id for found in stations.listed(db, after="A", limit=1)] == ["B"]
    assert {record.id for record in stations.records(db)} == {"A", "B", "C"}
