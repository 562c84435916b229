"""Text of others where a terminal shows it."""

from __future__ import annotations


def visible(text: str) -> str:
    """Spell out what cannot be printed: an escape sequence must not steer the terminal that shows it.

    Line breaks and signs that turn the direction of writing count among these.
    """
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else _spelled(sign) for sign in text)


def _spelled(sign: str) -> str:
    return ascii(sign)[1:-1]
