from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from ostler.api.settings import ApiSettings
from ostler.app.greeting import Addresses, addresses, greet
from ostler.settings import Settings

PORTS = Addresses(8080, 9000, None)


@pytest.fixture
def said(monkeypatch, capsys):
    """What a person at the terminal reads."""

    def run(settings, *, setup=False):
        monkeypatch.setattr("sys.stderr.isatty", lambda: True)
        greet(settings, PORTS, setup=setup)
        return capsys.readouterr().err

    return run


def test_a_person_reads_the_addresses_and_where_the_data_is(said):
    text = said(Settings(data=Path("somewhere")))

    assert "http://localhost:8080/" in text
    assert ":9000/<identity>" in text
    assert str(Path("somewhere").resolve()) in text


def test_at_first_run_the_code_is_shown_and_later_not(said):
    settings = Settings(http=ApiSettings(setup_code="12345678"))

    assert "Setup code: 12345678" in said(settings, setup=True)
    assert "12345678" not in said(settings)


def test_a_demonstration_says_that_it_is_one(said):
    assert "demonstration" in said(Settings(demo=True))


def test_an_address_that_was_chosen_is_shown_as_it_is():
    settings = Settings(http=ApiSettings(host="::1"))
    settings = msgspec.structs.replace(settings, ocpp=msgspec.structs.replace(settings.ocpp, host="10.0.0.1"))

    assert addresses(settings, Addresses(80, 90, 91)) == {
        "http": "http://[::1]:80/",
        "ocpp": "ws://10.0.0.1:90/",
        "ocpp_tls": "wss://10.0.0.1:91/",
    }
