from __future__ import annotations

import pytest
from harness.virtual import ACCEPTED

from ostler.ocpp import v16
from ostler.ocpp.errors import OcppError
from ostler.ocpp.v16 import AuthorizationData, AuthorizationStatus, IdTagInfo, UpdateStatus, UpdateType

BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED)


def send_list(csms, version, entries=None, kind=UpdateType.FULL):
    data = [AuthorizationData(id_tag=tag, id_tag_info=info) for tag, info in (entries or {}).items()]
    request = v16.SendLocalListRequest(
        list_version=version, local_authorization_list=data or None, update_type=kind
    )
    return csms.ask(request).status


def version(csms):
    return csms.ask(v16.GetLocalListVersionRequest()).list_version


def test_all_keys_are_told_without_naming_any(csms):
    answer = csms.ask(v16.GetConfigurationRequest())

    assert len(answer.configuration_key) == len(csms.station.model.keys)
    assert answer.unknown_key is None


def test_named_keys_are_told_whatever_their_case_and_unknown_ones_named(csms):
    answer = csms.ask(v16.GetConfigurationRequest(key=["heartbeatinterval", "Nonsense"]))

    [key] = answer.configuration_key
    assert (key.key, key.value, key.readonly) == ("HeartbeatInterval", "300", False)
    assert answer.unknown_key == ["Nonsense"]


def test_more_keys_than_allowed_are_refused(csms):
    with pytest.raises(OcppError, match="At most 30 keys"):
        csms.ask(v16.GetConfigurationRequest(key=["HeartbeatInterval"] * 31))


def test_vendors_messages_are_accepted_from_known_vendors_only(csms):
    known = csms.ask(v16.DataTransferRequest(vendor_id="Ostler", data="ping"))
    unknown = csms.ask(v16.DataTransferRequest(vendor_id="Other"))

    assert (known.status.value, known.data) == ("Accepted", "ping")
    assert unknown.status.value == "UnknownVendorId"


def test_the_cache_is_cleared(csms):
    csms.card()

    assert csms.ask(v16.ClearCacheRequest()).status.value == "Accepted"
    assert csms.memory.cache == {}


def test_without_a_cache_there_is_nothing_to_clear(make):
    csms = make(AuthorizationCacheEnabled="false").connect()

    assert csms.ask(v16.ClearCacheRequest()).status.value == "Rejected"


def test_a_full_list_replaces_the_former(csms):
    send_list(csms, 1, {"A": ACCEPTED, "B": ACCEPTED})

    assert send_list(csms, 2, {"C": BLOCKED}) == UpdateStatus.ACCEPTED
    assert csms.memory.local_list == {"c": BLOCKED}
    assert version(csms) == 2


def test_a_differential_list_adds_changes_and_removes(csms):
    send_list(csms, 1, {"A": ACCEPTED, "B": ACCEPTED})

    assert send_list(csms, 2, {"a": None, "B": BLOCKED, "C": ACCEPTED}, UpdateType.DIFFERENTIAL) == "Accepted"
    assert csms.memory.local_list == {"b": BLOCKED, "c": ACCEPTED}


def test_a_differential_list_needs_a_higher_version(csms):
    send_list(csms, 5, {"A": ACCEPTED})

    status = send_list(csms, 5, {"B": ACCEPTED}, UpdateType.DIFFERENTIAL)

    assert status == UpdateStatus.VERSION_MISMATCH
    assert version(csms) == 5


def test_an_empty_list_has_version_0(csms):
    send_list(csms, 5, {"A": ACCEPTED})

    assert send_list(csms, 6) == UpdateStatus.ACCEPTED
    assert version(csms) == 0


@pytest.mark.parametrize(
    ("number", "entries"),
    [
        (0, {"A": ACCEPTED}),
        (1, {"A": ACCEPTED, "a": BLOCKED}),
        (1, {"A": None}),
        (1, {"A": IdTagInfo(status=AuthorizationStatus.of("Maybe"))}),
        (1, {f"T{number}": ACCEPTED for number in range(101)}),
    ],
)
def test_a_list_that_makes_no_sense_fails_and_changes_nothing(csms, number, entries):
    assert send_list(csms, number, entries) == UpdateStatus.FAILED
    assert csms.memory.local_list == {}


def test_a_station_without_a_list_says_so(make):
    csms = make(LocalAuthListEnabled="false").connect()

    assert send_list(csms, 1, {"A": ACCEPTED}) == UpdateStatus.NOT_SUPPORTED
    assert version(csms) == -1


def test_a_list_longer_than_the_station_can_hold_fails(make):
    csms = make(LocalAuthListMaxLength="1").connect()

    assert send_list(csms, 1, {"A": ACCEPTED, "B": ACCEPTED}) == UpdateStatus.FAILED
