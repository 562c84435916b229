from __future__ import annotations

import re

import pytest

from ostler.api.settings import ApiSettings
from ostler.domain.words import Role
from ostler.services import accounts

PUBLIC_PATHS = {
    "/",
    "/{path}",
    "/livez",
    "/readyz",
    "/metrics",
    "/api/v1/setup",
    "/api/v1/login",
    "/api/v1/logout",
    "/api/v1/openapi.json",
}


@pytest.fixture
def routes(litestar):
    """(method, path, role) of every route."""
    return [
        (method, route.path_format, handler.opt["role"])
        for route in litestar.routes
        for handler in route.route_handlers
        for method in sorted(handler.http_methods)
        if method not in {"OPTIONS", "HEAD"}
    ]


def concrete(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)


async def test_every_route_names_a_role_and_only_a_few_need_none(routes):
    assert {path for _, path, role in routes if role is None} == PUBLIC_PATHS


async def test_nobody_gets_anything_without_a_login(routes, anonymous):
    answers = {
        (method, path): (await anonymous.request(method, concrete(path))).status_code
        for method, path, role in routes
        if role is not None
    }

    assert {key: status for key, status in answers.items() if status != 401} == {}


async def test_a_viewer_may_only_look(routes, viewer):
    answers = {
        (method, path): (await viewer.request(method, concrete(path))).status_code
        for method, path, role in routes
        if role in {Role.OPERATOR, Role.ADMINISTRATOR}
    }

    assert answers
    assert {key: status for key, status in answers.items() if status != 403} == {}


async def test_whatever_a_viewer_may_use_changes_nothing_but_the_own_password(routes):
    changing = {path for method, path, role in routes if role is Role.VIEWER and method != "GET"}

    assert changing == {"/api/v1/me/password"}


async def test_an_operator_gets_nothing_of_the_administrator(routes, operator):
    answers = {
        (method, path): (await operator.request(method, concrete(path))).status_code
        for method, path, role in routes
        if role is Role.ADMINISTRATOR
    }

    assert answers
    assert {key: status for key, status in answers.items() if status != 403} == {}


async def test_an_unknown_api_token_is_refused_with_a_sentence(connect):
    client = await connect(authorization="Bearer ost_wrong")

    answer = await client.get("/api/v1/me")

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.json()["detail"] == "This API token is not valid; make one with `ostler api-token create`."


async def test_another_scheme_than_bearer_is_refused(connect):
    client = await connect(authorization="Basic YTpi")

    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_revoked_api_token_is_worth_nothing_at_once(administrator):
    tokens = (await administrator.get("/api/v1/api-tokens")).json()["items"]

    await administrator.delete(f"/api/v1/api-tokens/{tokens[0]['id']}")

    assert (await administrator.get("/api/v1/me")).status_code == 401


async def test_the_use_of_an_api_token_is_noted_once_a_minute(administrator, store, clock):
    await administrator.get("/api/v1/me")
    clock.advance(seconds=30)
    await administrator.get("/api/v1/me")
    [first] = await store.read(accounts.list_api_tokens)
    clock.advance(seconds=31)
    await administrator.get("/api/v1/me")
    [second] = await store.read(accounts.list_api_tokens)

    assert (second.last_used_at - first.last_used_at).total_seconds() == 61


class TestDemo:
    @pytest.fixture
    def settings(self):
        return ApiSettings(demo=True)

    async def test_this_machine_needs_no_login(self, connect):
        client = await connect(address="127.0.0.1", url="http://localhost:8080")

        assert (await client.get("/api/v1/me")).json() == {
            "name": "demo",
            "role": "administrator",
            "kind": "demo",
            "demo": True,
        }

    @pytest.mark.parametrize(
        ("address", "url", "headers"),
        [
            ("192.0.2.7", "http://localhost:8080", {}),
            ("127.0.0.1", "http://evil.test", {}),
            ("127.0.0.1", "http://localhost", {"x-forwarded-for": "192.0.2.7"}),
        ],
        ids=["another machine", "a foreign name", "past a proxy"],
    )
    async def test_everybody_else_does(self, connect, address, url, headers):
        client = await connect(address=address, url=url, **headers)

        assert (await client.get("/api/v1/me")).status_code == 401

    async def test_a_page_of_another_site_cannot_order_through_the_browser(self, connect):
        client = await connect(address="::1", url="http://[::1]:8080", origin="http://evil.test")

        assert (await client.put("/api/v1/joining-window", json={"minutes": 5})).status_code == 403

    async def test_our_own_page_can(self, connect):
        client = await connect(address="::1", url="http://[::1]:8080", origin="http://[::1]:8080")

        assert (await client.put("/api/v1/joining-window", json={"minutes": 5})).status_code == 200


@pytest.mark.parametrize(
    "origin", ["null", "http://", "http://ostler.test:81", "http://[", "https://ostler.test"]
)
async def test_a_change_from_another_origin_is_refused_whatever_it_looks_like(operator, origin):
    answer = await operator.put("/api/v1/joining-window", json={"minutes": 5}, headers={"Origin": origin})

    # https before plain http is a proxy that ends TLS; the host is the same
    assert answer.status_code == (200 if origin == "https://ostler.test" else 403)
