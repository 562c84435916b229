"""The web pages: files that `make ui` builds into the package."""

from __future__ import annotations

import asyncio
import hashlib
import mimetypes
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ostler.api.admission import PUBLIC
from ostler.api.problems import Refused

WEB = Path(__file__).parents[1] / "web"
NOT_BUILT = (
    "<!doctype html><html lang=en><meta charset=utf-8><title>Ostler</title>"
    "<p>The web pages are not built yet: run <code>make ui</code> and start the server again. "
    "The REST interface works all the same, below <code>/api/v1</code>.</p></html>"
)
FOR_EVER = "public, max-age=31536000, immutable"
ASK_EACH_TIME = "no-cache"


class WebFile(NamedTuple):
    """One file of the pages, as it is sent."""

    content: bytes
    media_type: str
    etag: str
    cache: str


class Pages:
    """All files, read once; what is not among them cannot be asked for, whatever the path looks like."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[str, WebFile] = {}
        self._built: float | None = None

    def find(self, path: str) -> WebFile | None:
        """The file at `path`; for the path of a page, which the browser's code knows, the index."""
        self._read_if_new()
        found = self._files.get(path.strip("/"))
        if found is None and "." not in path.rpartition("/")[2]:
            return self._files.get("index.html")
        return found

    @property
    def built(self) -> bool:
        """Whether there are any pages."""
        self._read_if_new()
        return "index.html" in self._files

    def _read_if_new(self) -> None:
        """Whoever works on the pages builds them again while the server runs."""
        index = self._folder / "index.html"
        built = index.stat().st_mtime if index.is_file() else None
        if built != self._built:
            self._built = built
            self._files = {
                file.relative_to(self._folder).as_posix(): _read(file, self._folder)
                for file in self._folder.rglob("*")
                if file.is_file()
            }


def _read(file: Path, folder: Path) -> WebFile:
    content = file.read_bytes()
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    # Vite puts a hash of the content into the names of what it writes into assets/.
    named_by_content = file.relative_to(folder).parts[0] == "assets"
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    return WebFile(content, media_type, etag, FOR_EVER if named_by_content else ASK_EACH_TIME)


def make_handler(folder: Path = WEB) -> HTTPRouteHandler:
    """The route of everything that is not the REST interface."""
    pages = Pages(folder)

    @get(["/", "/{path:path}"], opt=PUBLIC, include_in_schema=False, media_type="text/html")
    async def serve_pages(request: Request[Any, Any, Any], path: FromPath[str] = "/") -> Response[bytes]:
        if path.startswith("/api/"):
            raise Refused(
                404, "There is nothing at this address; see /api/v1/openapi.json for what there is."
            )
        found = await asyncio.to_thread(pages.find, path)
        if found is None:
            if pages.built or path != "/":
                raise Refused(404, "There is no such page.")
            return Response(NOT_BUILT.encode(), media_type="text/html")
        headers = {"ETag": found.etag, "Cache-Control": found.cache}
        if request.headers.get("if-none-match") == found.etag:
            return Response(b"", status_code=304, headers=headers)
        return Response(found.content, media_type=found.media_type, headers=headers)

    return serve_pages
