"""Headers that every answer has, and the one path that is rewritten."""

from __future__ import annotations

from litestar.enums import HttpMethod, ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ostler.api.groups import CSV_PATH

# Mantine sets colours and sizes by style attributes; scripts come only from our own files.
CONTENT_SECURITY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
ALWAYS = (
    (b"content-security-policy", CONTENT_SECURITY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
NOT_KEPT = (b"cache-control", b"no-store")


class Headers:
    """An ASGI application around another one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add the headers; what says nothing of caches is not kept by any. HEAD is GET without a body."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                headers.extend(ALWAYS)
                if not any(name.lower() == NOT_KEPT[0] for name, _ in headers):
                    headers.append(NOT_KEPT)
                message["headers"] = headers
            elif head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        head = scope["method"] == "HEAD" and not scope["path"].startswith("/api/")
        if head:
            scope["method"] = HttpMethod.GET
        csv = CSV_PATH.match(scope["path"])
        if csv:
            scope["path"] = f"{csv[1]}/csv"
            scope["raw_path"] = scope["path"].encode()
        await self._app(scope, receive, send_with_headers)
