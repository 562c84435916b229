from __future__ import annotations

import msgspec
import pytest

from ostler.ocpp import v16
from ostler.ocpp.base import Version


def test_a_word_of_the_list_is_the_member_itself():
    assert v16.Reason.of("Local") is v16.Reason.LOCAL
    assert v16.Reason.LOCAL.known


def test_an_unknown_word_is_kept_as_a_word_without_joining_the_list():
    word = v16.Reason.of("values")

    assert isinstance(word, v16.Reason)
    assert (word, word.value, word.name, word.known) == ("values", "values", "values", False)
    assert word not in list(v16.Reason)
    assert v16.Reason.of("values") is not word


def test_an_unknown_word_is_written_as_it_came():
    assert msgspec.json.encode(v16.Reason.of("values")) == b'"values"'


def test_the_strict_decoder_refuses_an_unknown_word():
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'"values"', type=v16.Reason)


def test_a_version_names_its_subprotocol():
    assert [version.subprotocol for version in Version] == ["ocpp1.6", "ocpp2.0.1", "ocpp2.1"]
