"""Downloads of any length: read in pieces, sent as they are read, never held as a whole."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from litestar.response import Stream

from ostler.services.group_csv import cell

CHUNK = 1000
"""How many rows one snapshot of the database gives."""


def download(lines: AsyncIterator[str], name: str, media_type: str) -> Stream:
    """`lines` as a file called `name`, whatever characters that has."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._") or "export"
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    return Stream(lines, media_type=media_type, headers={"Content-Disposition": disposition})


def csv_lines(rows: Iterable[Sequence[Any]]) -> str:
    """Rows as CSV (RFC 4180) in which no cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_text(value) for value in row])
    return out.getvalue()


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case str():
            return cell(value)
        case bool():
            return "true" if value else "false"
        case datetime():
            return msgspec.to_builtins(value)  # type: ignore[no-any-return]  # a text, as in JSON
        case list():
            return cell(" ".join(str(item) for item in value))
        case _:
            return str(value)
