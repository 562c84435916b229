"""An authorization group as CSV, in the shape that Jeedom's OCPP plug-in writes and reads.

`;` between fields, UTF-8, a header `id;name;status;expiry_date;concurrentTx` with its columns in any order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from ostler.domain.words import TokenStatus
from ostler.services import groups
from ostler.services.faults import Fault, Several, Unfit, nearest
from ostler.services.tokens import (
    NewToken,
    Token,
    TokenChange,
    change_token,
    create_token,
    find_token,
    fit_id_token,
)
from ostler.store.database import Db

HEADER = ("id", "name", "status", "expiry_date", "concurrentTx")
WRITTEN_TIME = "%Y-%m-%d %H:%M"
READ_TIMES = (WRITTEN_TIME, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d")
LARGEST = 5_000_000
MOST_FAULTS = 50
STATUSES = tuple(word.value for word in TokenStatus)
YES, NO = frozenset({"1", "true", "yes"}), frozenset({"", "0", "false", "no"})
# The last four are the wide ones of East Asian keyboards, which some spreadsheets read alike.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Row(NamedTuple):
    """One line that can be used."""

    id_token: str
    name: str
    status: TokenStatus
    expires_at: datetime | None
    parallel: bool


class Imported(NamedTuple):
    """What an import did."""

    created: int
    changed: int


def cell(text: str) -> str:
    """Text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def write_rows(tokens: list[Token]) -> str:
    """The lines of `tokens`, without the header. Times are UTC."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    for token in tokens:
        expiry = "" if token.expires_at is None else token.expires_at.astimezone(UTC).strftime(WRITTEN_TIME)
        writer.writerow(
            (cell(token.id_token), cell(token.name), token.status, expiry, "1" if token.parallel else "0")
        )
    return out.getvalue()


def header() -> str:
    """The first line."""
    return ";".join(HEADER) + "\r\n"


def read_rows(content: bytes) -> list[Row]:
    """All lines of a file, or `Several` with the fault of each bad one (`field` is "line 7")."""
    if len(content) > LARGEST:
        raise Unfit(f"The file is larger than {LARGEST // 1_000_000} MB; split it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit("The file is not UTF-8; save it as UTF-8 and send it again.") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=";", strict=True)
    faults: list[Fault] = []
    rows: dict[str, Row] = {}
    try:
        _check_header(reader.fieldnames or ())
        for line in reader:
            where = f"line {reader.line_num}"
            try:
                row = _row(line)
            except Unfit as fault:
                faults.append(Unfit(fault.detail, field=where))
                continue
            if rows.setdefault(row.id_token.casefold(), row) is not row:
                faults.append(Unfit(f'"{row.id_token}" stands in the file twice.', field=where))
    except csv.Error as error:
        faults.append(Unfit(f"The line cannot be read: {error}.", field=f"line {reader.line_num}"))
    if faults:
        raise Several("Nothing was imported; mend these lines and send the file again.", faults[:MOST_FAULTS])
    return list(rows.values())


def replace_group(db: Db, pk: int, rows: list[Row], now: datetime) -> Imported:
    """Make the tokens of `rows` all that the group has; may create some. Raises `Missing`, `Unfit`."""
    groups.get_group(db, pk)
    created = 0
    wanted: list[int] = []
    for row in rows:
        values = row._asdict()
        found = find_token(db, row.id_token)
        if found is None:
            created += 1
            wanted.append(create_token(db, NewToken(**values), now).id)
        else:
            wanted.append(
                change_token(db, found.id, TokenChange(**{**values, "id_token": found.id_token})).id
            )
    groups.replace_members(db, pk, tuple(wanted))
    return Imported(created, len(rows) - created)


def _check_header(names: Sequence[str]) -> None:
    for name in names:
        if name not in HEADER:
            raise Unfit(f'The column "{name}" is not known.{nearest(name, HEADER)}', field="line 1")
    if "id" not in names:
        raise Unfit(f'The first line must name the columns: "{";".join(HEADER)}".', field="line 1")


def _row(line: dict[str | None, str | None]) -> Row:
    if None in line:
        raise Unfit("The line has more fields than the header.")
    values = {name: (line.get(name) or "").strip() for name in HEADER}
    status = values["status"] or TokenStatus.ACCEPTED.value
    if status not in STATUSES:
        raise Unfit(f'The status "{status}" is not one of {", ".join(STATUSES)}.{nearest(status, STATUSES)}')
    return Row(
        fit_id_token(_plain(values["id"])),
        _plain(values["name"]),
        TokenStatus(status),
        _time(values["expiry_date"]),
        _yes(values["concurrentTx"]),
    )


def _plain(text: str) -> str:
    """Undo `cell`."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA) else text


def _time(text: str) -> datetime | None:
    if not text:
        return None
    for shape in READ_TIMES:
        try:
            return datetime.strptime(text, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise Unfit(f'The date "{text}" is not like 2030-01-31 12:00.')


def _yes(text: str) -> bool:
    if text.lower() in YES:
        return True
    if text.lower() in NO:
        return False
    raise Unfit(f'concurrentTx is 1 or 0, not "{text}".')
