from __future__ import annotations

import pytest

from ostler.gateway import limits
from ostler.gateway.admission import TAKE_OVER_WINDOW_S, TakeOvers
from ostler.gateway.limits import Bucket, FailedAttempts


def test_a_bucket_lets_a_burst_through_and_then_asks_to_wait():
    bucket = Bucket(burst=2, per_second=4, now=0.0)

    assert [bucket.take(0.0), bucket.take(0.0), bucket.take(0.0)] == [0.0, 0.0, pytest.approx(0.25)]


def test_what_is_taken_beyond_the_burst_is_owed():
    bucket = Bucket(burst=1, per_second=1, now=0.0)
    for _ in range(4):
        bucket.take(0.0)

    assert bucket.take(1.0) == pytest.approx(3.0)


def test_many_may_be_taken_at_once():
    bucket = Bucket(burst=10, per_second=2, now=0.0)

    assert [bucket.take(0.0, 8), bucket.take(0.0, 8)] == [0.0, pytest.approx(3.0)]


def test_a_bucket_fills_up_again_to_its_burst():
    bucket = Bucket(burst=2, per_second=1, now=0.0)
    bucket.take(0.0)

    assert [bucket.try_take(1000.0) for _ in range(3)] == [True, True, False]


def test_one_identity_fails_only_so_often_from_one_address():
    failed = FailedAttempts()

    assert [failed.may_try("192.0.2.1", "CP1", 0.0) for _ in range(11)] == [True] * 10 + [False]
    assert failed.may_try("192.0.2.2", "CP1", 0.0)
    assert failed.may_try("192.0.2.1", "CP1", 10.0)


def test_one_address_fails_only_so_often_with_any_identity():
    failed = FailedAttempts()
    tried = [failed.may_try("192.0.2.1", f"CP{number}", 0.0) for number in range(101)]

    assert tried == [True] * 100 + [False]


def test_the_many_addresses_of_one_ipv6_customer_are_one():
    failed = FailedAttempts()
    tried = [failed.may_try(f"2001:db8::{number:x}", "CP1", 0.0) for number in range(1, 12)]

    assert tried == [True] * 10 + [False]


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(limits, "_MOST_BUCKETS", 10)
    failed = FailedAttempts()
    for number in range(100):
        failed.may_try(f"192.0.2.{number}", "CP1", 0.0)

    assert len(failed._pairs._buckets) == len(failed._addresses._buckets) == 10


def test_three_take_overs_in_ten_minutes_are_enough():
    take_overs = TakeOvers()
    for second in range(3):
        assert not take_overs.too_many(float(second))
        take_overs.count(float(second))

    assert take_overs.too_many(3.0)
    assert not take_overs.too_many(TAKE_OVER_WINDOW_S + 1.0)
