from __future__ import annotations

import pytest

from ostler.domain.status_words import understand
from ostler.domain.words import Status


@pytest.mark.parametrize("word", [word for word in Status if word is not Status.OFFLINE])
def test_the_nine_words_mean_themselves(word):
    assert understand(word.value, known="", charging=False) is word


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("SUSPENDED_EV", Status.SUSPENDED_EV),
        ("suspended evse", Status.SUSPENDED_EVSE),
        ("Offline", Status.UNAVAILABLE),
        ("Idle", Status.AVAILABLE),
        ("booked", Status.RESERVED),
        ("", Status.UNAVAILABLE),
    ],
)
def test_other_words_are_understood(said, meant):
    assert understand(said, known="", charging=False) is meant


def test_occupied_depends_on_whether_a_transaction_runs():
    assert understand("Occupied", known="", charging=True) is Status.CHARGING
    assert understand("Occupied", known="", charging=False) is Status.PREPARING


def test_what_tells_nothing_changes_nothing():
    assert understand("???", known="Reserved", charging=False) is Status.RESERVED
