from __future__ import annotations

import pytest

from ostler.domain.visible import visible


@pytest.mark.parametrize("text", ["", "Säule 1 - Ost", "[red]markup[/red]", "充電"])
def test_what_can_be_printed_stays_as_it_is(text):
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x9b31m", "\\x9b31m"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("\x00", "\\x00"),
    ],
)
def test_what_steers_a_terminal_is_spelled_out(text, shown):
    assert visible(text) == shown
