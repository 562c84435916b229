from __future__ import annotations

import json
import logging

import pytest
import structlog

from ostler.app.logs import configure
from ostler.settings import ConsoleSettings


@pytest.fixture
def lines(capsys):
    """What was written to standard error, with everything put back afterwards."""
    handlers, level = logging.root.handlers[:], logging.root.level

    def read():
        return capsys.readouterr().err.splitlines()

    yield read
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def test_a_program_reads_one_json_object_a_line(lines):
    configure(ConsoleSettings(format="json"))
    structlog.get_logger().info("ready", port=8080)
    [line] = lines()

    assert {"event": "ready", "port": 8080, "level": "info"}.items() <= json.loads(line).items()


def test_a_person_reads_text(lines):
    configure(ConsoleSettings(format="text"))
    structlog.get_logger().info("ready", port=8080)
    [line] = lines()

    assert "ready" in line
    assert not line.startswith("{")


def test_libraries_speak_in_the_same_way(lines):
    configure(ConsoleSettings(format="json"))
    logging.getLogger("some.library").warning("odd: %s", 7)
    [line] = lines()

    assert json.loads(line)["event"] == "odd: 7"


def test_what_is_below_the_level_is_not_said(lines):
    configure(ConsoleSettings(level="warning", format="json"))
    structlog.get_logger().info("ready")
    logging.getLogger("some.library").info("chatter")

    assert lines() == []


@pytest.mark.parametrize("style", ["json", "text"])
def test_a_traceback_shows_no_local_variables(lines, style):
    def fail(password):
        text = f"{len(password)} letters"
        raise ValueError(text)

    secret = "hunter" + "2"  # in one word it would stand in the traceback as source
    configure(ConsoleSettings(format=style))
    try:
        fail(secret)
    except ValueError:
        structlog.get_logger().exception("request failed")
        logging.getLogger("some.library").exception("it failed")
    told = "\n".join(lines())

    assert told.count("7 letters") >= 2
    assert "in fail" in told or '"name": "fail"' in told
    assert secret not in told


@pytest.mark.parametrize("style", ["json", "text"])
def test_text_of_stations_does_not_steer_the_terminal(lines, style):
    configure(ConsoleSettings(format=style))
    structlog.get_logger().warning("odd", said="\x1b[2J\x9b31m\nready")
    try:
        int("\x1b[2J")
    except ValueError as error:
        structlog.get_logger().exception("worse", error=str(error))
    told = "\n".join(lines())

    assert "\x1b[2J" not in told
    assert "\x9b" not in told
    assert not any(line.startswith("ready") for line in told.splitlines())
