from __future__ import annotations

import json
import time

import pytest

from ostler.ocpp import rough


@pytest.mark.parametrize(
    ("data", "value", "flawless"),
    [
        (b'{"a":1}', {"a": 1}, True),
        (b'\xef\xbb\xbf{"a":1}', {"a": 1}, False),
        (b'"\xff"', "\N{REPLACEMENT CHARACTER}", False),
        (b'"a\nb"', "a\nb", False),
        (b"[NaN,Infinity,-Infinity,1e999]", [None, None, None, None], False),
        (b"[" + b"9" * 30 + b"]", [int("9" * 30)], True),
        (b"[" + b"9" * 5000 + b"]", [None], False),
        (b'{"a":1,"a":2}', {"a": 2}, True),
    ],
)
def test_what_has_a_clear_meaning_is_read(data, value, flawless):
    assert rough.parse(data) == (value, flawless)


@pytest.mark.parametrize("data", [b"", b"[1", b"nothing", b"\x00\x01", b"[" * 100_000, b'{"a":' * 100_000])
def test_what_has_none_raises_a_value_error(data):
    with pytest.raises(ValueError, match=r"not JSON|nested deeper"):
        rough.parse(data)


@pytest.mark.parametrize(
    ("depth", "deep"), [(rough.MAX_DEPTH - 1, False), (rough.MAX_DEPTH, False), (rough.MAX_DEPTH + 1, True)]
)
def test_depth_is_counted_exactly(depth, deep):
    assert rough.too_deep(b"[" * depth + b"]" * depth) is deep


def test_brackets_side_by_side_or_in_text_are_not_deep():
    assert not rough.too_deep(b"[" + b"[]," * 1000 + b"[]]")
    assert not rough.too_deep(b'["' + b"[" * 1000 + b'\\"{"]')


def test_counting_depth_takes_linear_time_whatever_the_text():
    started = time.process_time()
    rough.too_deep(b"[" * 65 + b'"' + b'\\"' * 120_000)

    assert time.process_time() - started < 5


def test_unstorable_characters_are_replaced_everywhere():
    value = json.loads('{"a\\u0000":["\\ud800x",{"b":1}]}')

    assert rough.all_storable(value) == {
        "a\N{REPLACEMENT CHARACTER}": ["\N{REPLACEMENT CHARACTER}x", {"b": 1}]
    }


def test_dump_writes_compact_json_with_numbers_of_any_length():
    assert rough.dump({"a": [10**30, "é"]}) == ('{"a":[1' + "0" * 30 + ',"é"]}').encode()
