from __future__ import annotations

import pytest

from ostler.services import keys


def test_a_made_key_is_forty_digits_and_never_the_same():
    first, second = keys.make_key(), keys.make_key()

    assert len(first) == 40
    assert len(bytes.fromhex(first)) == keys.KEY_BYTES
    assert first != second


@pytest.mark.parametrize(
    ("kept", "shown"),
    [
        (b"secret", b"secret"),
        (b"secret", b"736563726574"),
        (b"00ff", b"00FF"),
        (b"00ff", b"\x00\xff"),
        (b"\x00\xff", b"00ff"),
        (b"12345678", b"3132333435363738"),
        (b"", b""),
    ],
)
def test_a_key_is_known_as_it_was_given_and_as_its_digits(kept, shown):
    assert keys.matches(shown, *keys.keep(kept))


@pytest.mark.parametrize("shown", [b"", b"secre", b"Secret", b"73656372657", b"\xff\xfe"])
def test_another_key_is_not_known(shown):
    assert not keys.matches(shown, *keys.keep(b"secret"))


def test_where_there_is_no_key_none_is_known():
    assert not keys.matches(b"", None, None)


def test_the_same_key_is_kept_differently_each_time():
    assert keys.keep(b"secret") != keys.keep(b"secret")
