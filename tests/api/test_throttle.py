from __future__ import annotations

import pytest

from ostler.api import throttle
from ostler.api.throttle import Failures, LoginThrottle


def test_nobody_waits_before_failing():
    assert LoginThrottle().wait_s("192.0.2.1", "anna", 0.0) == 0


def test_after_five_failures_the_next_attempt_waits():
    gate = LoginThrottle()
    for _ in range(5):
        gate.failed("192.0.2.1", "anna", 0.0)

    assert gate.wait_s("192.0.2.1", "ANNA", 0.0) == 10.0
    assert gate.wait_s("192.0.2.1", "anna", 10.0) == 0
    assert gate.wait_s("192.0.2.1", "bert", 0.0) == 0
    assert gate.wait_s("198.51.100.1", "anna", 0.0) == 0


def test_an_address_that_tries_many_names_waits_for_all():
    gate = LoginThrottle()
    for number in range(30):
        gate.failed("192.0.2.1", f"name {number}", 0.0)

    assert gate.wait_s("192.0.2.1", "anna", 0.0) == 2.0
    assert gate.wait_s("192.0.2.2", "anna", 0.0) == 0


def test_many_addresses_cannot_lock_out_a_person_who_was_here_before():
    gate = LoginThrottle()
    gate.succeeded("198.51.100.1", "anna")
    for number in range(100):
        gate.failed(f"192.0.2.{number}", "anna", 0.0)

    assert gate.wait_s("203.0.113.1", "anna", 0.0) == 5.0
    assert gate.wait_s("198.51.100.1", "anna", 0.0) == 0


def test_success_forgives():
    gate = LoginThrottle()
    for _ in range(5):
        gate.failed("192.0.2.1", "anna", 0.0)
    gate.succeeded("192.0.2.1", "anna")

    assert gate.wait_s("192.0.2.1", "anna", 0.0) == 0


@pytest.mark.parametrize(
    ("other", "wait_s"), [("2001:db8::2", 10.0), ("2001:db8:0:1::1", 0), ("not an address", 0)]
)
def test_one_customers_ipv6_addresses_are_one(other, wait_s):
    gate = LoginThrottle()
    for _ in range(5):
        gate.failed("2001:db8::1", "anna", 0.0)

    assert gate.wait_s(other, "anna", 0.0) == wait_s


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(throttle, "MOST_KEYS", 2)
    failures = Failures(1, 10.0)
    for key in ("a", "b", "c"):
        failures.count(key, 0.0)
    gate = LoginThrottle()
    for name in ("a", "b", "c"):
        gate.succeeded("192.0.2.1", name)

    assert [failures.wait_s(key, 0.0) for key in ("a", "b", "c")] == [0, 10.0, 10.0]
    assert len(gate._trusted) == 2
