"""Writes the OpenAPI description of the REST interface into a file: `python tools/write_openapi.py FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ostler.api.application import describe


def text() -> str:
    """The description as it is committed: the types of the web pages are made of it."""
    return json.dumps(describe(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
