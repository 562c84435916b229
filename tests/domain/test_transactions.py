from __future__ import annotations

import pytest

from ostler.domain.transactions import energy, key


def took(start, stop, sampled):
    return energy(meter_start_wh=start, meter_stop_wh=stop, sampled_wh=sampled, seconds=3600, unsampled_s=0)


@pytest.mark.parametrize(
    ("start", "stop", "sampled", "expected"),
    [
        (1000, 3000, None, (2000, False)),
        (1000, 3000, 2000, (2000, False)),
        (1000, 3000, 1000, (2000, True)),
        (3000, 1000, 700, (700, True)),
        (3000, 1000, None, (None, True)),
        (None, 1000, 700, (700, False)),
        (1000, None, None, (None, False)),
    ],
)
def test_energy_of_a_transaction(start, stop, sampled, expected):
    assert took(start, stop, sampled) == expected


def test_equal_reports_have_equal_keys():
    assert key("start", 1, "tag") == key("start", 1, "tag")


def test_parts_of_a_key_do_not_run_into_one_another():
    assert key("a", "bc") != key("ab", "c")


def test_a_key_copes_with_lone_surrogates():
    assert len(key("\ud800")) == 24
