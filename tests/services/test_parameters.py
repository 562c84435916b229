from __future__ import annotations

from datetime import timedelta

import pytest

from ostler.services import parameters
from ostler.services.parameters import Reading


def test_keys_are_found_without_case(db, station, now):
    parameters.store(db, station, [Reading("HeartbeatInterval", "300", False)], [], now)

    assert parameters.value(db, station, "heartbeatINTERVAL") == "300"


def test_a_key_that_was_never_read_has_no_value(db, station):
    assert parameters.value(db, station, "HeartbeatInterval") is None


def test_a_key_that_the_station_does_not_know_has_no_value(db, station, now):
    parameters.store(db, station, [Reading("A", "1", False)], [], now)
    parameters.store(db, station, [], ["A"], now)

    assert parameters.value(db, station, "A") is None


@pytest.mark.parametrize(("text", "number"), [("5", 5), (" 5 ", 5), ("five", None), ("", None), (None, None)])
def test_a_number_is_read_as_one(db, station, now, text, number):
    parameters.store(db, station, [Reading("A", text, False)], [], now)

    assert parameters.whole_number(db, station, "A") == number


def test_secrets_are_stored_masked(db, station, now):
    parameters.store(db, station, [Reading("AuthorizationKey", "geheim", False)], [], now)

    assert parameters.value(db, station, "AuthorizationKey") == "***"


def test_a_secret_without_a_value_is_not_masked():
    assert parameters.shown("AuthorizationKey", "") == ""


def test_parameters_are_listed_by_key(db, station, now):
    parameters.store(db, station, [Reading("B", "2", True), Reading("A", "1", False)], ["C"], now)

    rows = [(row.key, row.value, row.readonly, row.known) for row in parameters.listed(db, station)]
    assert rows == [("A", "1", False, True), ("B", "2", True, True), ("C", None, False, False)]


def test_a_change_waits_for_the_boot_that_comes_after_it(db, station, now):
    parameters.await_reboot(db, station, "A", now)
    db._connection.execute(
        "UPDATE stations SET booted_at = ?", ((now - timedelta(hours=1)).timestamp() * 1000,)
    )

    parameters.store(db, station, [Reading("A", "1", False)], [], now)

    found = parameters.find(db, station, "a")
    assert found is not None
    assert found.reboot_required
