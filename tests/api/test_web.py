from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest
from litestar import Litestar

from ostler.api import web
from ostler.api.admission import admit
from ostler.api.headers import Headers
from ostler.api.problems import HANDLERS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    return tmp_path / "pages"


@pytest.fixture
async def client(folder):
    app = Litestar(
        [web.make_handler(folder)],
        guards=[admit],
        exception_handlers=HANDLERS,
        logging_config=None,
        openapi_config=None,
    )
    app.state.house = None
    transport = httpx.ASGITransport(Headers(app))
    async with httpx.AsyncClient(transport=transport, base_url="http://ostler.test") as client:
        yield client


@pytest.fixture
def built(folder: Path) -> None:
    (folder / "assets").mkdir()
    (folder / "assets/index-abc.js").write_text("let a = 1")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "index.html").write_text("<title>Ostler</title>")


async def test_pages_that_are_not_built_say_how_to_build_them(client):
    answer = await client.get("/")

    assert answer.status_code == 200
    assert "make ui" in answer.text


async def test_the_index_is_asked_for_each_time(client, built):
    answer = await client.get("/")

    assert answer.text == "<title>Ostler</title>"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


async def test_what_has_not_changed_is_not_sent_again(client, built):
    etag = (await client.get("/")).headers["etag"]

    answer = await client.get("/", headers={"If-None-Match": etag})

    assert (answer.status_code, answer.content) == (304, b"")


async def test_files_that_are_named_by_their_content_are_kept_for_ever(client, built):
    answer = await client.get("/assets/index-abc.js")

    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize("path", ["/stations", "/stations/CP1/log"])
async def test_paths_that_the_page_itself_knows_get_the_index(client, built, path):
    assert (await client.get(path)).text == "<title>Ostler</title>"


@pytest.mark.parametrize(
    "path", ["/assets/gone.js", "/../web.py", "/..%2fweb.py", "/%2e%2e/web.py", "/assets/../../secret.txt"]
)
async def test_nothing_else_can_be_had(client, built, folder, path):
    (folder.parent / "secret.txt").write_text("secret")

    answer = await client.get(path)

    assert answer.status_code == 404 or answer.text == "<title>Ostler</title>"


@pytest.mark.parametrize("path", ["/api/v2", "/api/v1/nonsense"])
async def test_what_is_no_resource_is_no_page_either(client, built, path):
    answer = await client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_pages_that_are_built_anew_are_served_anew(client, built, folder):
    await client.get("/")
    (folder / "index.html").write_text("<title>New</title>")
    os.utime(folder / "index.html", (1, 1))

    assert (await client.get("/")).text == "<title>New</title>"


async def test_every_answer_forbids_what_pages_do_not_need(client, built):
    headers = (await client.get("/")).headers

    assert "script-src 'self';" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


async def test_answers_of_the_interface_are_kept_by_no_cache(anonymous):
    answer = await anonymous.get("/api/v1/me")

    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
