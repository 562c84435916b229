"""One TCP connection of a station: the upgrade, frames, limits, signs of life, the end. No OCPP here."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from enum import IntFlag
from typing import Final, Protocol, cast

from ostler.gateway.limits import Bucket
from ostler.gateway.settings import GatewaySettings
from ostler.ocpp import handshake, websocket
from ostler.ocpp.handshake import BadRequest, Incomplete, UpgradeRequest
from ostler.ocpp.websocket import (
    ABNORMAL,
    Binary,
    Close,
    Deflate,
    Event,
    Failed,
    FrameReader,
    Ping,
    Pong,
    Role,
    Text,
)

GOING_AWAY: Final = 1001
POLICY: Final = 1008
# How long the other side may take to answer a close frame or to read our last words.
_LAST_WORDS_S: Final = 5.0
# So many intervals of silence after a ping, and the connection is held to be dead.
_SILENCE: Final = 2.5
_HEARTBEAT_S: Final = 300.0
_KEEP_ALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 120),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
# Each further 4 KiB of a message counts like one more: reading them takes as long.
_SIZE_BITS: Final = 12


class Pause(IntFlag):
    """Why nothing is read from the socket."""

    RATE = 1
    JUDGING = 2
    BUSY = 4
    DRAINING = 8


class Listener(Protocol):
    """Whoever is behind an open socket."""

    def text(self, payload: bytes, now: float) -> None:
        """A message came; it need not be UTF-8."""

    def ended(self, code: int, reason: str) -> None:
        """The connection is over; called once."""


class Doorman(Protocol):
    """Whom a socket asks before it opens."""

    def came(self, socket: StationSocket) -> bool:
        """A connection was made; False when there are too many."""

    def knocked(self, socket: StationSocket, request: UpgradeRequest) -> None:
        """Somebody wants in: ends in `socket.open` or `socket.refuse`, now or later."""

    def left(self, socket: StationSocket) -> None:
        """The connection is gone."""


class StationSocket(asyncio.Protocol):
    """Times are those of the event loop, in seconds. `last_in` is when the last byte came."""

    __slots__ = (
        "_bucket",
        "_close_frame",
        "_code",
        "_deflate",
        "_doorman",
        "_ended_at",
        "_head",
        "_listener",
        "_loop",
        "_opened_at",
        "_paused",
        "_pinged_at",
        "_ponged",
        "_probe",
        "_reader",
        "_settings",
        "_silence_s",
        "_talked",
        "_transport",
        "address",
        "last_in",
        "ping_interval_s",
        "tls",
    )

    _transport: asyncio.Transport

    def __init__(
        self, doorman: Doorman, settings: GatewaySettings, loop: asyncio.AbstractEventLoop, *, tls: bool
    ) -> None:
        self._doorman = doorman
        self._settings = settings
        self._loop = loop
        self.tls = tls
        self.address = ""
        self.last_in = self._opened_at = loop.time()
        self.ping_interval_s = 0.0
        self._silence_s = 0.0
        self._head: bytearray | None = None
        self._reader: FrameReader | None = None
        self._deflate: Deflate | None = None
        self._listener: Listener | None = None
        self._bucket: Bucket | None = None
        self._paused = Pause(0)
        self._pinged_at = 0.0
        self._ponged = False
        self._talked = False
        self._probe: Callable[[], None] | None = None
        self._close_frame = True
        self._ended_at = 0.0  # when we said the last word; 0 while the connection lives

    # --- asyncio.Protocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        transport.set_write_buffer_limits(high=self._settings.max_waiting_bytes)
        if not self._doorman.came(self):
            self.refuse(503, "Too many stations are connected; try again later.")

    def data_received(self, data: bytes) -> None:
        now = self.last_in = self._loop.time()
        reader = self._reader
        if reader is None:
            self._read_head(data)
            return
        wait_s = 0.0
        for event in reader.feed(data):
            if self._ended_at:
                if type(event) is Close:
                    self._transport.close()
                return
            if type(event) is Text or type(event) is Binary:  # JSON in a binary message has one meaning too
                wait_s = self._message(event.payload, now)
            else:
                self._other(event)
        if reader.bare_frames and self._bucket is not None:
            wait_s = self._bucket.take(now, reader.bare_frames)
            reader.bare_frames = 0
        if wait_s:
            # What came is heard out all the same: a dropped answer would cost us more than a late one.
            self.pause(Pause.RATE)
            self._loop.call_later(wait_s, self.resume, Pause.RATE)
        if self._probe is not None:
            self._probe()

    def eof_received(self) -> None:
        reader = self._reader
        failed = reader.eof() if reader is not None else None
        if failed is not None:
            self._over(failed.code, failed.reason)

    def connection_lost(self, exc: Exception | None) -> None:
        self._over(ABNORMAL, "the connection was lost" if exc is None else str(exc))
        self._doorman.left(self)

    def pause_writing(self) -> None:
        """It does not read what we send, and has a megabyte to catch up with."""
        self.abort(POLICY, "the station reads too slowly")

    # --- the upgrade

    @property
    def open_(self) -> bool:
        """Whether messages can be sent."""
        return self._reader is not None and not self._ended_at

    @property
    def alive(self) -> bool:
        """Whether nobody has ended the connection yet."""
        return not self._ended_at

    def open(
        self,
        request: UpgradeRequest,
        *,
        subprotocol: str | None,
        listener: Listener,
        ping_interval_s: float,
        heartbeat_s: float | None,
        close_frame: bool,
        per_second: float,
        burst: int,
    ) -> None:
        """Complete the upgrade; from now on `listener` gets the messages."""
        self._accept(request, subprotocol)
        self._listener = listener
        self.allow(per_second, burst)
        self.configure(ping_interval_s=ping_interval_s, heartbeat_s=heartbeat_s, close_frame=close_frame)
        self.resume(Pause.JUDGING)
        if request.rest:
            self.data_received(request.rest)

    def open_and_close(self, request: UpgradeRequest, code: int, reason: str) -> None:
        """Complete the upgrade without a subprotocol, only to say goodbye."""
        self._accept(request, None)
        self._transport.write(websocket.close_frame(code, reason))
        self._over(code, reason)
        self._transport.close()

    def _accept(self, request: UpgradeRequest, subprotocol: str | None) -> None:
        self._deflate = websocket.negotiate(request.extensions)
        extension = None if self._deflate is None else self._deflate.response
        self._transport.write(handshake.accept_response(request, subprotocol, extension))
        self._reader = FrameReader(Role.SERVER, self._settings.max_message_bytes, self._deflate)
        self.last_in = self._loop.time()

    def allow(self, per_second: float, burst: int) -> None:
        """Set how many messages are read."""
        self._bucket = Bucket(burst, per_second, self._loop.time())

    def configure(self, *, ping_interval_s: float, heartbeat_s: float | None, close_frame: bool) -> None:
        """Take over what a person may have changed."""
        self.ping_interval_s = ping_interval_s
        self._silence_s = max(ping_interval_s, heartbeat_s or _HEARTBEAT_S) * _SILENCE
        self._close_frame = close_frame
        if not ping_interval_s:
            # A half-open connection is found all the same: by the system, which asks the other's system.
            system = self._transport.get_extra_info("socket")
            for level, option, value in _KEEP_ALIVE:
                system.setsockopt(level, option, value)

    def hand_over(self, listener: Listener) -> None:
        """Let `listener` have what comes from now on."""
        self._listener = listener

    def refuse(self, status: int, reason: str) -> None:
        """Answer the upgrade with a plain sentence and close."""
        if self._ended_at:
            return
        self._transport.write(handshake.refuse_response(status, reason))
        self._over(ABNORMAL, reason)
        self._transport.close()

    def _read_head(self, data: bytes) -> None:
        if self._ended_at:
            return
        head = self._head = self._head if self._head is not None else bytearray()
        head += data
        request = handshake.parse_request(head)
        match request:
            case Incomplete():
                return
            case BadRequest(status=status, reason=reason, headers=headers):
                self._transport.write(handshake.refuse_response(status, reason, headers))
                self._over(ABNORMAL, reason)
                self._transport.close()
            case UpgradeRequest():
                self._head = None
                self.pause(Pause.JUDGING)
                self._doorman.knocked(self, request)

    # --- messages

    def send(self, message: bytes) -> None:
        """Write a text message; nothing happens when the connection is over."""
        if not self._ended_at:
            self._transport.write(websocket.text_frame(message, deflate=self._deflate))

    def _message(self, payload: bytes, now: float) -> float:
        """Hand a message on; returns how long to read nothing."""
        self._talked = True
        bucket, listener = self._bucket, self._listener
        if bucket is None or listener is None:
            return 0.0
        listener.text(payload, now)
        return bucket.take(now, 1 + (len(payload) >> _SIZE_BITS))

    def _other(self, event: Event) -> None:
        match event:
            case Ping(payload):
                self._transport.write(websocket.pong_frame(payload))
            case Pong():
                self._ponged = True
            case Close(code, reason):
                self._transport.write(websocket.close_frame(code))
                self._over(code, reason)
                self._transport.close()
            case Failed(code, reason):
                self._transport.write(websocket.close_frame(code, reason))
                self._over(code, reason)
                self._transport.close()
            case _:
                pass

    # --- signs of life

    def sweep(self, now: float) -> None:
        """Look after the connection; called about once a second."""
        if self._ended_at:
            if now - self._ended_at > _LAST_WORDS_S:
                self._transport.abort()
            return
        if self._reader is None:
            # The time that TLS took is not ours to see: the clock starts when it is done.
            if (
                now - self._opened_at > self._settings.handshake_timeout_s
                and Pause.JUDGING not in self._paused
            ):
                self.abort(ABNORMAL, "the upgrade took too long")
            return
        interval = self.ping_interval_s
        if not interval or now - self.last_in < interval:
            return
        if self._pinged_at <= self.last_in:
            self.ping(now)
        elif now - self._pinged_at > (
            _SILENCE * interval if self._ponged or not self._talked else self._silence_s
        ):
            self.abort(ABNORMAL, "no sign of life")

    def ping(self, now: float) -> None:
        """Ask for a sign of life."""
        self._pinged_at = now
        self._transport.write(websocket.ping_frame())

    async def answers(self, timeout_s: float) -> bool:
        """Whether anything at all comes within `timeout_s` of a ping."""
        if self._ended_at:
            return False
        alive: asyncio.Future[None] = self._loop.create_future()

        def heard() -> None:
            if not alive.done():
                alive.set_result(None)

        self._probe = heard
        self.ping(self._loop.time())
        try:
            async with asyncio.timeout(timeout_s):
                await alive
        except TimeoutError:
            return False
        finally:
            if self._probe is heard:
                self._probe = None
        return not self._ended_at

    def pause(self, why: Pause) -> None:
        """Read nothing until `resume` for the same reason."""
        if not self._paused:
            self._transport.pause_reading()
        self._paused |= why

    def resume(self, why: Pause) -> None:
        """Read again, unless there is another reason not to."""
        if self._paused:
            self._paused &= ~why
            if not self._paused and not self._transport.is_closing():
                self._transport.resume_reading()

    # --- the end

    def close(self, code: int, reason: str) -> None:
        """Say goodbye; the sweep drops a station that does not answer it."""
        if self._ended_at:
            return
        if self._reader is None or not self._close_frame:
            self.abort(code, reason)
            return
        self._transport.write(websocket.close_frame(code, reason))
        self._over(code, reason)
        self.resume(~Pause(0))

    def abort(self, code: int, reason: str) -> None:
        """Drop the connection at once; `code` is only what is remembered."""
        self._over(code, reason)
        self._transport.abort()

    def _over(self, code: int, reason: str) -> None:
        if self._ended_at:
            return
        self._ended_at = self._loop.time() or 1e-9
        listener, self._listener = self._listener, None
        if self._probe is not None:
            self._probe()
        if listener is not None:
            listener.ended(code, reason)
