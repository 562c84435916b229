from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.ocpp.masking import masked

KEYS = st.binary(min_size=4, max_size=4)


def test_the_example_of_the_rfc():
    assert masked(b"Hello", bytes.fromhex("37fa213d")).hex() == "7f9f4d5158"


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 499, 500, 501, 502, 503, 504, 1400, 65536])
def test_every_byte_is_masked_with_its_own_byte_of_the_key(length):
    payload = (bytes(range(256)) * (length // 256 + 1))[:length]
    key = bytes((0, 1, 0x80, 0xFF))

    assert masked(payload, key) == bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))


@given(payload=st.binary(max_size=1200), key=KEYS)
def test_masking_twice_gives_the_payload_back(payload, key):
    assert masked(masked(payload, key), key) == payload
