from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostler.ocpp.deflate import Deflate, InflatedTooLargeError, InflateError, negotiate

AGREED = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"


@pytest.mark.parametrize(
    ("offers", "response"),
    [
        (["permessage-deflate"], AGREED),
        (["Permessage-Deflate"], AGREED),
        (["permessage-deflate; client_max_window_bits"], AGREED),
        (["permessage-deflate; client_max_window_bits=8"], AGREED),
        (['permessage-deflate; client_max_window_bits="15"'], AGREED),
        (["permessage-deflate; server_no_context_takeover; client_no_context_takeover"], AGREED),
        (["permessage-deflate; server_max_window_bits=10"], f"{AGREED}; server_max_window_bits=10"),
        (["permessage-deflate; server_max_window_bits=15"], AGREED),
        (["permessage-deflate; server_max_window_bits=8", "permessage-deflate"], AGREED),
        (["x-webkit-deflate-frame", "permessage-deflate"], AGREED),
    ],
)
def test_compression_is_agreed_on_without_context_takeover(offers, response):
    deflate = negotiate(offers)

    assert deflate is not None
    assert deflate.response == response


@pytest.mark.parametrize(
    "offers",
    [
        [],
        ["x-webkit-deflate-frame"],
        ["permessage-deflate; something_new"],
        ["permessage-deflate; server_max_window_bits"],
        ["permessage-deflate; server_max_window_bits=8"],  # zlib makes no such window
        ["permessage-deflate; server_max_window_bits=16"],
        ["permessage-deflate; server_max_window_bits=010"],
        ["permessage-deflate; client_max_window_bits=7"],
        ["permessage-deflate; server_no_context_takeover=1"],
        ["permessage-deflate; client_max_window_bits; client_max_window_bits"],
        ["permessage-deflate; server_max_window_bits=8; client_no_context_takeover"],
    ],
)
def test_an_offer_that_we_cannot_keep_is_declined(offers):
    assert negotiate(offers) is None


def test_the_example_of_the_rfc_unpacks():
    # RFC 7692 §7.2.3.1
    assert Deflate().decompress(bytes.fromhex("f248cdc9c90700"), 100) == b"Hello"


def test_a_stream_with_a_final_block_unpacks():
    # RFC 7692 §7.2.3.4
    assert Deflate().decompress(bytes.fromhex("f348cdc9c9070000"), 100) == b"Hello"


@given(payload=st.binary(max_size=3000), bits=st.integers(9, 15))
def test_what_is_packed_unpacks(payload, bits):
    deflate = Deflate(bits)

    assert deflate.decompress(deflate.compress(payload), len(payload)) == payload


def test_the_window_that_was_agreed_on_is_kept():
    far_apart = bytes(range(256)) * 4
    packed = Deflate(9).compress(far_apart + bytes(5000) + far_apart)

    assert zlib.decompressobj(-9).decompress(packed)[:1024] == far_apart


def test_a_message_of_exactly_the_limit_unpacks():
    deflate = Deflate()

    assert deflate.decompress(deflate.compress(bytes(1000)), 1000) == bytes(1000)


def test_a_message_of_one_byte_more_is_refused():
    deflate = Deflate()
    with pytest.raises(InflatedTooLargeError):
        deflate.decompress(deflate.compress(bytes(1001)), 1000)


def test_what_is_no_compressed_data_is_refused():
    with pytest.raises(InflateError):
        Deflate().decompress(b"\xff\xff", 1000)
