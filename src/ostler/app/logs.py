"""What the server tells people who run it: one line an event, on standard error."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import ExcInfo

from ostler.domain.visible import visible
from ostler.settings import ConsoleSettings

SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)

# Local variables hold keys and passwords: a traceback tells where, never with what.
TRACEBACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)


def configure(settings: ConsoleSettings) -> None:
    """Send structlog's lines and those of the libraries to standard error, as text or as JSON."""
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    last: tuple[Any, ...] = (
        (printable, structlog.dev.ConsoleRenderer(exception_formatter=write_traceback))
        if as_text
        else (TRACEBACKS, structlog.processors.JSONRenderer())
    )
    structlog.configure(
        processors=[*SHARED, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=list(SHARED),
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for noisy in ("alembic", "asyncio", "uvicorn"):
        logging.getLogger(noisy).setLevel(max(level, logging.WARNING))


def printable(_logger: object, _level: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep text of stations from steering the terminal that shows it (JSON escapes by itself)."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = visible(value)
    return event


def write_traceback(out: TextIO, failure: ExcInfo) -> None:
    """Write a traceback as Python does, without local variables."""
    out.write("\n")
    for part in traceback.format_exception(*failure):
        out.writelines(f"{visible(line)}\n" for line in part.rstrip("\n").split("\n"))
