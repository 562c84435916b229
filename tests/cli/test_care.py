from __future__ import annotations

import json
import os
import socket
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import ostler as package
from ostler.store.lock import ServerLock

DATA = Path("data")


@pytest.fixture
def findings(ostler):
    """What the doctor found, by what was looked at."""

    def run(*arguments):
        result = ostler("doctor", "--json", *arguments)
        return {found["what"]: (found["state"], found["detail"]) for found in json.loads(result.stdout)}

    return run


@pytest.fixture
def house(fine):
    fine("db", "upgrade")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(autouse=True)
def _free_ports():
    Path("ostler.toml").write_text(f"[ocpp]\nport = {free_port()}\n[http]\nport = {free_port()}\n")


def test_the_version_is_told(fine):
    assert fine("--version") == f"ostler {package.__version__}\n"


def test_without_a_command_the_help_is_shown(ostler):
    result = ostler()

    assert result.exit_code == 2
    assert "serve" in result.output


@pytest.mark.usefixtures("house")
def test_a_sound_house_gets_only_good_words(ostler):
    result = ostler("doctor")

    assert result.exit_code == 0
    assert {line.split()[0] for line in result.stdout.splitlines()} == {"ok"}


def test_a_folder_that_is_still_to_be_made_is_no_problem(findings):
    assert findings()["data folder"][0] == "warning"
    assert not DATA.exists()


@pytest.mark.usefixtures("house")
def test_a_folder_that_others_may_read_is_named_with_the_remedy(findings):
    DATA.chmod(0o755)

    assert findings()["data folder"] == (
        "warning",
        "Others may look into it; run: chmod -R go-rwx data",
    )


@pytest.mark.usefixtures("house")
def test_a_folder_that_cannot_be_written_is_a_problem(findings, monkeypatch):
    monkeypatch.setattr("os.access", lambda *_: False)

    assert findings()["data folder"] == ("problem", "data cannot be written: see its rights and its disk.")


@pytest.mark.usefixtures("house")
def test_a_file_that_cannot_be_read_is_not_called_damaged(findings, monkeypatch):
    def fail(*_, **__):
        text = "unable to open database file"
        raise sqlite3.OperationalError(text)

    monkeypatch.setattr("ostler.cli.checks.connect", fail)

    for file in ("ostler.db", "log.db"):
        state, detail = findings()[file]
        assert state == "problem"
        assert detail == "It cannot be read: unable to open database file. See its rights and its disk."


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(("free", "state"), [(10**7, "problem"), (5 * 10**8, "warning"), (10**10, "ok")])
def test_a_disk_that_gets_full_is_seen(findings, monkeypatch, free, state):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: SimpleNamespace(free=free))

    assert findings()["disk"][0] == state


@pytest.mark.usefixtures("house")
def test_a_damaged_database_is_a_problem_and_a_damaged_log_is_none(ostler, findings):
    (DATA / "log.db").write_bytes(b"not a database" * 500)
    assert findings()["log.db"][0] == "warning"
    (DATA / "log.db").unlink()
    (DATA / "ostler.db").write_bytes(b"not a database" * 500)

    assert findings()["ostler.db"][0] == "problem"
    assert ostler("doctor").exit_code == 1


@pytest.mark.usefixtures("house")
def test_an_old_schema_is_told(findings, monkeypatch):
    monkeypatch.setattr("ostler.store.migrations.run.head_revision", lambda _name: "9999")

    assert findings()["schema"] == (
        "warning",
        "0001 is old; the next start of the server brings it up to date.",
    )


@pytest.mark.usefixtures("house")
def test_a_running_server_is_seen(findings):
    with ServerLock(DATA):
        assert findings()["server"] == ("ok", f"process {os.getpid()} serves this folder.")


@pytest.mark.usefixtures("house")
def test_a_port_that_another_program_holds_is_a_problem(findings):
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        Path("ostler.toml").write_text(f"[ocpp]\nport = {port}\n[http]\nport = {free_port()}\n")

        assert findings()["port"] == (
            "problem",
            f"{port} is used by another program; stop that, or change ocpp.port.",
        )


@pytest.mark.usefixtures("house")
def test_a_clock_behind_the_data_is_doubted(findings):
    later = datetime.now(UTC).timestamp() + 3600
    os.utime(DATA / "ostler.db", (later, later))

    assert findings()["clock"][0] == "warning"


def certificate(days):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "ostler")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=400))
        .not_valid_after(now + timedelta(days=days))
        .sign(key, hashes.SHA256())
    )
    Path("cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    Path("key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(("days", "state"), [(300, "ok"), (20, "warning"), (-1, "problem")])
def test_a_certificate_that_ends_is_told(findings, days, state):
    certificate(days)
    Path("ostler.toml").write_text(
        "[ocpp]\ntls_port = 1\ntls_certificate = 'cert.pem'\ntls_key = 'key.pem'\nplain = false\n"
    )

    assert findings()["certificate"][0] == state


@pytest.mark.usefixtures("house")
def test_a_certificate_without_its_key_is_a_problem(findings):
    certificate(300)
    Path("key.pem").write_text("nothing")
    Path("ostler.toml").write_text(
        "[ocpp]\ntls_port = 1\ntls_certificate = 'cert.pem'\ntls_key = 'key.pem'\nplain = false\n"
    )

    assert findings()["certificate"][0] == "problem"


@pytest.mark.usefixtures("house")
def test_a_log_that_was_put_aside_is_mentioned(findings):
    (DATA / "log.db.damaged-20260101T000000000000").touch(mode=0o600)

    assert "delete it" in findings()["message log"][1]


def test_settings_are_shown_with_their_origin(fine, monkeypatch):
    monkeypatch.setenv("OSTLER__LOG__KEEP_DAYS", "7")

    assert "log.keep_days = 7  # OSTLER__LOG__KEEP_DAYS\n" in fine("config", "show")
    assert fine("config", "show", "--json")["http.host"] == {"value": "0.0.0.0", "origin": "default"}


def test_a_wrong_setting_ends_any_command_with_2(ostler, monkeypatch):
    monkeypatch.setenv("OSTLER__LOG__KEEP_DAY", "7")
    result = ostler("station", "list")

    assert result.exit_code == 2
    assert 'Did you mean "log.keep_days"?' in result.stderr


def test_the_database_is_upgraded_by_hand(fine):
    assert fine("db", "upgrade", "--data", "elsewhere") == "The database is up to date.\n"
    assert Path("elsewhere/ostler.db").exists()


@pytest.mark.usefixtures("house")
def test_a_backup_is_made_checked_and_restored(fine):
    fine("station", "add", "CP1")

    assert "Saved to saved.tar: made" in fine("backup", "saved.tar")
    assert "The backup is whole" in fine("restore", "--verify", "saved.tar")
    assert "Restored saved.tar" in fine("restore", "saved.tar", "--data", "new")
    assert [row["id"] for row in fine("station", "list", "--json", "--data", "new")] == ["CP1"]


@pytest.mark.usefixtures("house")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("backup", "ostler.toml"), "exists already"),
        (("backup", "no/such/folder/saved.tar"), "cannot be used"),
        (("restore", "--verify", "ostler.toml"), "not a backup of Ostler"),
        (("restore", "nowhere.tar"), "nowhere.tar cannot be used: No such file"),
    ],
)
def test_backups_that_cannot_be_are_explained(ostler, arguments, sentence):
    result = ostler(*arguments)

    assert result.exit_code == 1
    assert sentence in result.stderr


@pytest.mark.usefixtures("house")
def test_a_database_that_cannot_be_read_is_explained(ostler):
    (DATA / "ostler.db").write_bytes(b"not a database" * 500)
    result = ostler("station", "list")

    assert result.exit_code == 1
    assert "The database cannot be used" in result.stderr
