"""uvicorn inside our own event loop, under our own signals."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any, Final

import h11
import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from ostler.api.settings import ApiSettings
from ostler.app.problems import cannot_listen

BACKLOG = 1024
STOP_WITHIN_S = 5
ASK_WITHIN_S: Final = 30.0


class Impatient(H11Protocol):
    """uvicorn waits for ever for a request that never comes to its end; this one looks twice."""

    look_every_s = ASK_WITHIN_S
    _seen: Any = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Begin to look."""
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.look_every_s, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        """Drop whoever still owes us the head or the body of the same request as the last time."""
        seen = (self.conn.their_state, self.cycle)
        if seen == self._seen and seen[0] in {h11.IDLE, h11.SEND_BODY}:
            self.transport.abort()
            return
        self._seen = seen
        self._timer = self.loop.call_later(self.look_every_s, self._look)


class _Quiet(uvicorn.Server):
    """A server that leaves the signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


class WebServer:
    """Serves `app`; raises `StartError` when the port cannot be had."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self._socket = _listen(settings)
        self._server = _Quiet(
            uvicorn.Config(
                app,
                http=Impatient,
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                lifespan="on",
                timeout_graceful_shutdown=STOP_WITHIN_S,
            )
        )

    @property
    def port(self) -> int:
        """The port, also when any was asked for."""
        return int(self._socket.getsockname()[1])

    async def run(self) -> None:
        """Serve until `stop`."""
        await self._server.serve(sockets=[self._socket])

    def stop(self) -> None:
        """Take no new requests, let the running ones end within `STOP_WITHIN_S`."""
        self._server.should_exit = True


def _listen(settings: ApiSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((settings.host, settings.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise cannot_listen(error, host=settings.host, port=settings.port, option="--http-port") from error
    listener.setblocking(False)
    return listener
