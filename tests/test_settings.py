from __future__ import annotations

from pathlib import Path

import pytest

from ostler.settings import Given, SettingsError, effective, load


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def write(text: str) -> Path:
    path = Path("other.toml")
    path.write_text(text)
    return path


def test_without_any_settings_there_are_sane_ones():
    settings, origins = load(None, {}, {})

    assert (settings.data, settings.ocpp.port, settings.http.port) == (Path("data"), 9000, 8080)
    assert origins == {}


def test_the_file_in_the_working_folder_is_read():
    Path("ostler.toml").write_text('data = "elsewhere"\n[ocpp]\nport = 9100')
    settings, origins = load(None, {}, {})

    assert (settings.data, settings.ocpp.port) == (Path("elsewhere"), 9100)
    assert origins == {"data": "ostler.toml", "ocpp.port": "ostler.toml"}


def test_the_environment_is_stronger_than_the_file_and_the_options_are_strongest():
    config = write("[ocpp]\nport = 1\nhost = 'file'\n[http]\nport = 2")
    environment = {"OSTLER__OCPP__PORT": "3", "OSTLER__HTTP__PORT": "4"}
    settings, origins = load(config, environment, {"http.port": Given(5, "--http-port")})

    assert (settings.ocpp.host, settings.ocpp.port, settings.http.port) == ("file", 3, 5)
    assert origins == {
        "ocpp.host": "other.toml",
        "ocpp.port": "OSTLER__OCPP__PORT",
        "http.port": "--http-port",
    }


def test_the_environment_says_numbers_switches_paths_and_nothing_in_words():
    environment = {
        "OSTLER__OCPP__PLAIN": "true",
        "OSTLER__OCPP__TLS_PORT": "null",
        "OSTLER__OCPP__PING_INTERVAL_S": "12.5",
        "OSTLER__DATA": "~/ostler",
    }
    settings, _ = load(None, environment, {})

    assert (settings.ocpp.plain, settings.ocpp.tls_port, settings.ocpp.ping_interval_s) == (True, None, 12.5)
    assert settings.data == Path("~/ostler").expanduser()


def test_the_data_folder_has_a_short_variable():
    assert load(None, {"OSTLER_DATA": "there"}, {}).settings.data == Path("there")


def test_a_secret_may_stand_in_a_file():
    Path("secret").write_text("open sesame\n")
    settings, _ = load(None, {"OSTLER__HTTP__SETUP_CODE_FILE": "secret"}, {})

    assert settings.http.setup_code == "open sesame"


@pytest.mark.parametrize(
    ("config", "environment", "sentence"),
    [
        (
            "[ocpp]\nprot = 1",
            {},
            r'There is no setting ocpp.prot \(other.toml\). Did you mean "ocpp.port"\?',
        ),
        ("", {"OSTLER__HTPP__PORT": "1"}, r'no setting htpp.port \(OSTLER__HTPP__PORT\).*"http.port"'),
        ("[ocpp]\nport = 'x'", {}, r"ocpp.port \(other.toml\) cannot be used: Expected `int`"),
        ("data = 5", {}, r"data \(other.toml\) cannot be used: Expected a path"),
        ("[ocpp", {}, "other.toml is not valid TOML"),
        (
            "",
            {"OSTLER__HTTP__SETUP_CODE_FILE": "nowhere"},
            "OSTLER__HTTP__SETUP_CODE_FILE names cannot be read",
        ),
        ("[ocpp]\ntls_port = 9443", {}, "tls_port needs ocpp.tls_certificate"),
        ("[ocpp]\nplain = false", {}, "Stations could not connect"),
        ("[http]\nport = 99999", {}, "http.port is 99999; ports go from 1 to 65535"),
    ],
)
def test_what_cannot_be_used_is_named_with_its_origin(config, environment, sentence):
    with pytest.raises(SettingsError, match=sentence):
        load(write(config), environment, {})


def test_a_file_that_was_named_must_exist():
    with pytest.raises(SettingsError, match=r"nowhere.toml cannot be read"):
        load(Path("nowhere.toml"), {}, {})


def test_the_effective_settings_say_where_each_comes_from_and_hide_secrets():
    loaded = load(None, {"OSTLER__HTTP__SETUP_CODE": "open sesame", "OSTLER__OCPP__PORT": "1"}, {})
    rows = {key: (value, origin) for key, value, origin in effective(loaded)}

    assert rows["ocpp.port"] == (1, "OSTLER__OCPP__PORT")
    assert rows["http.port"] == (8080, "default")
    assert rows["data"] == ("data", "default")
    assert rows["http.setup_code"] == ("********", "OSTLER__HTTP__SETUP_CODE")
