from __future__ import annotations

import pytest

from ostler.ocpp.deviations import Deviation, Notes, Rule
from ostler.ocpp.errors import ErrorCode, OcppError


def test_what_stood_there_is_cut_and_storable():
    notes = Notes()
    notes.add("a", Rule.TOO_LONG, "\x00" + "x" * 500)
    notes.add("b", Rule.WRONG_TYPE, {"c": 1})

    long, other = notes.kept()
    assert len(long.got) == 100
    assert "\x00" not in long.got
    assert other == Deviation("b", "wrong-type", '{"c":1}')


def test_at_most_twenty_deviations_are_kept():
    notes = Notes()
    for number in range(1000):
        notes.add(str(number), Rule.NULL)

    assert [deviation.path for deviation in notes.kept()] == [str(number) for number in range(20)]


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        (Rule.MISSING, ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        (Rule.WRONG_TYPE, ErrorCode.TYPE_CONSTRAINT_VIOLATION),
        (Rule.UNKNOWN_WORD, ErrorCode.PROPERTY_CONSTRAINT_VIOLATION),
        (Rule.UNKNOWN_PROPERTY, ErrorCode.FORMAT_VIOLATION),
    ],
)
def test_strict_refuses_the_first_deviation_with_its_code(rule, code):
    with pytest.raises(OcppError, match=r"'a\.b': ") as caught:
        Notes(strict=True).add("a.b", rule, 1)

    assert caught.value.code is code
