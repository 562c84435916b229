"""What the server tells people who run it: one line an event, on standard error."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog

from ostler.settings import ConsoleSettings

SHARED: tuple[Any, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(settings: ConsoleSettings) -> None:
    """Send structlog's lines and those of the libraries to standard error, as text or as JSON."""
    as_text = settings.format == "text" or (settings.format == "auto" and sys.stderr.isatty())
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    last: tuple[Any, ...] = (
        (structlog.dev.ConsoleRenderer(),)
        if as_text
        else (structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer())
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
