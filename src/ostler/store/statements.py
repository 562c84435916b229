"""SQL that is written with SQLAlchemy, compiled once, and run on the driver.

SQLAlchemy's own execution costs tens of microseconds a statement; a message of a station needs several.
Compiling once keeps its typed tables and its two dialects and leaves only the driver's cost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ClauseElement, Dialect, Select, Table, UpdateBase, bindparam
from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Processor = Callable[[Any], Any]


class Compiled(NamedTuple):
    """SQL for one database: `names` in the order of the placeholders; `fixed` is what the statement holds."""

    sql: str
    names: tuple[str, ...]
    fixed: dict[str, Any]
    bind: tuple[tuple[int, Processor], ...]
    result: tuple[tuple[int, Processor], ...]

    def arguments(self, given: dict[str, Any]) -> list[Any]:
        """The driver's positional arguments; a name that nobody gave is a KeyError."""
        values = {**self.fixed, **given} if self.fixed else given
        row = [values[name] for name in self.names]
        for place, convert in self.bind:
            row[place] = convert(row[place])
        return row


def _compile(clause: ClauseElement, dialect: Dialect) -> Compiled:
    compiled = clause.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    names = tuple(compiled.positiontup or ())  # type: ignore[attr-defined]  # SQLCompiler has it, Compiled lacks it
    processors = compiled._bind_processors  # type: ignore[attr-defined]  # noqa: SLF001 - no public name for it
    result: list[tuple[int, Processor]] = []
    if isinstance(clause, Select):
        for index, column in enumerate(clause.selected_columns):
            processor = column.type.dialect_impl(dialect).result_processor(dialect, None)
            if processor is not None:
                result.append((index, processor))
    required = {name for name, bind in compiled.binds.items() if bind.required}  # type: ignore[attr-defined]  # as above
    fixed = {name: value for name, value in compiled.params.items() if name not in required}
    bind = tuple((place, processors[name]) for place, name in enumerate(names) if processors.get(name))
    return Compiled(str(compiled), names, fixed, bind, tuple(result))


class Statement:
    """A clause, or a function from a dialect's `insert` to one (for upserts), compiled at first use."""

    __slots__ = ("_clause", "_compiled")

    def __init__(self, clause: ClauseElement | Callable[[Callable[[Table], Any]], ClauseElement]) -> None:
        self._clause = clause
        self._compiled: dict[str, Compiled] = {}

    def compiled(self, dialect: Dialect) -> Compiled:
        """The SQL for `dialect`."""
        found = self._compiled.get(dialect.name)
        if found is None:
            clause = self._clause
            if not isinstance(clause, ClauseElement):
                clause = clause(postgresql.insert if dialect.name == "postgresql" else sqlite.insert)
            found = self._compiled[dialect.name] = _compile(clause, dialect)
        return found


class Write(Statement):
    """An INSERT, UPDATE or DELETE."""


class Query(Statement, Generic[T]):
    """A SELECT whose rows become `into` (a NamedTuple class with one field per column, in order)."""

    __slots__ = ("into",)

    def __init__(self, clause: Select[Any], into: type[T]) -> None:
        super().__init__(clause)
        self.into: Callable[[Sequence[Any]], T] = into._make  # type: ignore[attr-defined]  # every NamedTuple has it


def upsert(table: Table, key: Sequence[str], columns: Sequence[str]) -> Write:
    """Insert a row with `key` and `columns`, or update its `columns` where `key` exists."""

    def build(insert: Callable[[Table], Any]) -> UpdateBase:
        clause = insert(table).values({name: bindparam(name) for name in (*key, *columns)})
        if not columns:
            return clause.on_conflict_do_nothing(index_elements=list(key))  # type: ignore[no-any-return]
        updates = {name: clause.excluded[name] for name in columns}
        return clause.on_conflict_do_update(index_elements=list(key), set_=updates)  # type: ignore[no-any-return]

    return Write(build)
