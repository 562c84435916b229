from __future__ import annotations

from pathlib import Path

import pytest

from ostler.store.lock import ServerLock


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--model", "teapot"), "There is no model 'teapot'"),
        (("--url", "http://localhost/"), "is no station address"),
        (("--script", "dance"), "There is no script 'dance'"),
        (("--speed", "0"), "must be greater than 0"),
    ],
)
def test_a_virtual_station_that_cannot_be_is_explained(ostler, arguments, sentence):
    result = ostler("sim", *arguments)

    assert result.exit_code == 1
    assert sentence in result.stderr


def test_a_count_below_one_is_misuse(ostler):
    assert ostler("sim", "--count", "0").exit_code == 2


def test_a_server_that_cannot_start_ends_with_one_sentence(ostler, monkeypatch):
    monkeypatch.setattr("ostler.store.lock.PATIENCE_S", 0.01)
    monkeypatch.setattr("ostler.app.logs.configure", lambda _settings: None)

    with ServerLock(Path("data")):
        result = ostler("serve")

    assert result.exit_code == 1
    assert "already uses data" in result.stderr


def test_a_port_that_is_none_is_misuse(ostler):
    assert ostler("serve", "--ocpp-port", "70000").exit_code == 2
