from __future__ import annotations

from datetime import timedelta

import pytest
from harness.virtual import ACCEPTED, NOW, SILENT

from ostler.ocpp import v16
from ostler.ocpp.v16 import AuthorizationStatus, IdTagInfo

BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED)


def starts(csms):
    return len(csms.plug().card().heard(v16.StartTransactionRequest)) or len(csms.memory.queue)


def test_what_the_central_system_says_is_remembered(csms):
    csms.card()

    assert csms.memory.cache == {"anna": ACCEPTED}


def test_a_cached_token_may_start_offline(csms):
    csms.memory.cache["anna"] = ACCEPTED

    assert starts(csms.disconnect()) == 1


def test_an_unknown_token_may_not_start_offline(csms):
    assert starts(csms.disconnect()) == 0


def test_an_unknown_token_may_start_offline_where_the_key_says_so(make):
    csms = make(AllowOfflineTxForUnknownId="true").connect()

    assert starts(csms.disconnect()) == 1


def test_the_local_list_counts_more_than_the_cache(csms):
    csms.memory.cache["anna"] = ACCEPTED
    csms.memory.local_list["anna"] = BLOCKED

    assert starts(csms.disconnect()) == 0


def test_an_expired_entry_starts_nothing_offline(csms):
    csms.memory.cache["anna"] = IdTagInfo(
        status=AuthorizationStatus.ACCEPTED, expiry_date=NOW - timedelta(seconds=1)
    )

    assert starts(csms.disconnect()) == 0


def test_a_central_system_that_does_not_answer_is_as_if_offline(csms):
    csms.memory.cache["anna"] = ACCEPTED
    csms.answers[v16.AuthorizeRequest] = SILENT

    assert starts(csms) == 1


@pytest.mark.parametrize(("flag", "asked"), [("true", 0), ("false", 1)])
def test_local_pre_authorize_spares_the_question(make, flag, asked):
    csms = make(LocalPreAuthorize=flag).connect()
    csms.memory.local_list["anna"] = ACCEPTED

    csms.plug().card()

    assert len(csms.heard(v16.AuthorizeRequest)) == asked
    assert len(csms.heard(v16.StartTransactionRequest)) == 1


def test_concurrent_tx_and_unknown_words_are_not_remembered(csms):
    for status in (AuthorizationStatus.CONCURRENT_TX, AuthorizationStatus.of("Maybe")):
        answer = v16.AuthorizeResponse(id_tag_info=IdTagInfo(status=status))
        csms.answers[v16.AuthorizeRequest] = answer
        csms.card()

    assert csms.memory.cache == {}


def test_without_a_cache_nothing_is_remembered(make):
    csms = make(AuthorizationCacheEnabled="false", LocalAuthListEnabled="false").connect()

    csms.card()

    assert csms.memory.cache == {}
