from __future__ import annotations

import pytest

from ostler.domain.events import TokenPresented


def verdict(cp, token):
    return cp.say("Authorize", {"idTag": token})["idTagInfo"]


def test_a_known_token_is_accepted_in_any_letter_case(cp):
    assert verdict(cp, "tag") == {"status": "Accepted"}


def test_an_unknown_token_is_invalid(cp):
    assert verdict(cp, "STRANGER") == {"status": "Invalid"}


def test_a_station_that_authorises_nobody_accepts_nobody(cp):
    cp.sql("UPDATE stations SET authorization = 'none'")

    assert verdict(cp, "TAG") == {"status": "Invalid"}


@pytest.mark.parametrize("status", ["Blocked", "Expired", "Invalid"])
def test_what_an_administrator_says_of_a_token_is_told(cp, status):
    cp.token("BAD", status=status)

    assert verdict(cp, "BAD")["status"] == status


def test_a_token_expires_at_its_time(cp):
    cp.token("OLD", expires_at=int(cp.now.timestamp() * 1000))

    assert verdict(cp, "OLD") == {"status": "Expired", "expiryDate": "2026-06-01T12:00:00Z"}


def test_the_expiry_of_a_good_token_is_told(cp):
    cp.token("GOOD", expires_at=int(cp.now.timestamp() * 1000) + 1500)

    assert verdict(cp, "GOOD") == {"status": "Accepted", "expiryDate": "2026-06-01T12:00:01Z"}


def test_the_group_of_a_token_is_told(cp):
    assert verdict(cp, "MATE") == {"status": "Accepted", "parentIdTag": "FAM"}


def test_a_group_too_long_for_this_version_is_left_out(cp):
    cp.token("LONG", parent="x" * 21)

    assert verdict(cp, "LONG") == {"status": "Accepted"}


def test_a_station_serves_only_the_tokens_of_its_groups(cp):
    cp.sql("INSERT INTO groups (pk, name, created_at) VALUES (1, 'tenants', 0)")
    cp.sql("UPDATE stations SET authorization = 'groups'")
    cp.sql("INSERT INTO station_groups VALUES (?, 1)", cp.pk)
    cp.sql("INSERT INTO token_groups SELECT pk, 1 FROM tokens WHERE key = 'tag'")

    assert verdict(cp, "TAG")["status"] == "Accepted"
    assert verdict(cp, "OTHER")["status"] == "Invalid"


def test_asking_for_a_token_that_is_charging_is_never_concurrent(cp):
    cp.start("TAG")

    assert verdict(cp, "TAG")["status"] == "Accepted"


def test_a_token_of_36_characters_is_known_too(cp):
    cp.token("a" * 36)

    assert verdict(cp, "A" * 36)["status"] == "Accepted"


def test_a_presented_token_is_told_to_the_world(cp):
    verdict(cp, "STRANGER")

    assert cp.events(TokenPresented) == [
        TokenPresented(at=cp.now, station="CP1", id_token="STRANGER", verdict="Invalid")
    ]


def test_use_of_a_token_is_remembered(cp):
    verdict(cp, "TAG")

    assert cp.rows("tokens", "key = 'tag'")[0]["last_used_at"] == int(cp.now.timestamp() * 1000)


def test_the_addition_of_a_keba_master_to_a_token_is_cut_off(cp):
    cp.say("BootNotification", {"chargePointVendor": "KEBA AG", "chargePointModel": "P30x"})

    assert verdict(cp, "TAG_dummy1")["status"] == "Accepted"


def test_a_hager_station_is_told_an_expiry_for_every_good_token(cp):
    cp.say("BootNotification", {"chargePointVendor": "Hager", "chargePointModel": "witty"})

    assert verdict(cp, "TAG")["expiryDate"] == "2026-06-02T12:00:00Z"
    assert "expiryDate" not in verdict(cp, "STRANGER")
