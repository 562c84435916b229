from __future__ import annotations

import asyncio

import pytest

from ostler.api.settings import ApiSettings
from ostler.domain.words import Role
from ostler.services import accounts
from ostler.services.passwords import hash_password

PASSWORD = "correct horse"
HASH = hash_password(PASSWORD)
ANNA = {"name": "Anna", "password": PASSWORD}
HERE = {"Origin": "http://ostler.test"}


@pytest.fixture
async def anna(store, clock):
    return await store.write(
        accounts.create_user, name="Anna", password_hash=HASH, role=Role.ADMINISTRATOR, now=clock()
    )


@pytest.fixture
async def browser(anonymous, anna):
    """A client that is logged in as Anna by its cookie."""
    assert (await anonymous.post("/api/v1/login", json=ANNA)).status_code == 200
    return anonymous


class TestSetup:
    async def test_at_the_machine_itself_the_first_administrator_is_created_and_logged_in(self, connect):
        client = await connect(address="127.0.0.1", url="http://localhost:8080")

        before = await client.get("/api/v1/setup")
        made = await client.post("/api/v1/setup", json=ANNA)
        after = await client.get("/api/v1/setup")

        assert before.json() == {"needed": True, "code_required": False}
        assert made.status_code == 201
        assert (await client.get("/api/v1/me")).json()["role"] == "administrator"
        assert after.json() == {"needed": False, "code_required": False}

    async def test_from_elsewhere_nobody_can_without_a_code(self, anonymous, store):
        answer = await anonymous.post("/api/v1/setup", json={**ANNA, "code": ""})

        assert (await anonymous.get("/api/v1/setup")).json() == {"needed": True, "code_required": True}
        assert answer.status_code == 403
        assert not await store.read(accounts.has_administrator)

    async def test_there_is_only_one_first_administrator(self, connect, anna):
        client = await connect(address="127.0.0.1", url="http://localhost:8080")

        answer = await client.post("/api/v1/setup", json={"name": "Eve", "password": PASSWORD})

        assert answer.status_code == 409

    async def test_of_two_at_once_one_wins(self, connect, store):
        client = await connect(address="127.0.0.1", url="http://localhost:8080")

        answers = await asyncio.gather(
            *(
                client.post("/api/v1/setup", json={"name": name, "password": PASSWORD})
                for name in ("Anna", "Bert")
            )
        )

        assert sorted(answer.status_code for answer in answers) == [201, 409]
        assert len(await store.read(accounts.list_users)) == 1

    async def test_a_short_password_is_refused(self, connect):
        client = await connect(address="127.0.0.1", url="http://localhost:8080")

        answer = await client.post("/api/v1/setup", json={"name": "Anna", "password": "short"})

        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "password"

    class TestWithCode:
        @pytest.fixture
        def settings(self):
            return ApiSettings(setup_code="7f3a")

        async def test_the_printed_code_opens_it_from_elsewhere(self, anonymous):
            answer = await anonymous.post("/api/v1/setup", json={**ANNA, "code": " 7f3a "})

            assert answer.status_code == 201

        async def test_codes_cannot_be_guessed_for_long(self, anonymous):
            statuses = [
                (await anonymous.post("/api/v1/setup", json={**ANNA, "code": str(guess)})).status_code
                for guess in range(7)
            ]

            assert statuses == [403] * 5 + [429] * 2


class TestLogin:
    async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(self, anonymous, anna):
        answer = await anonymous.post("/api/v1/login", json=ANNA)

        assert answer.json() == {"name": "Anna", "role": "administrator", "kind": "user", "demo": False}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        assert "Path=/" in cookie
        assert "Max-Age=2592000" in cookie
        assert "Secure" not in cookie

    async def test_under_tls_the_cookie_stays_there(self, connect, anna):
        client = await connect(url="https://ostler.test")

        answer = await client.post("/api/v1/login", json=ANNA)

        assert "Secure" in answer.headers["set-cookie"]

    async def test_only_a_hash_of_the_cookie_is_kept(self, browser, store):
        dump = await store.read(lambda db: db._connection.execute("SELECT * FROM logins").fetchall())

        assert browser.cookies["ostler_login"] not in repr(dump)

    async def test_an_unknown_name_and_a_wrong_password_get_the_same_answer(self, anonymous, anna):
        wrong = await anonymous.post("/api/v1/login", json={"name": "Anna", "password": "wrong"})
        unknown = await anonymous.post("/api/v1/login", json={"name": "Eve", "password": "wrong"})

        assert wrong.status_code == unknown.status_code == 401
        assert wrong.content == unknown.content

    async def test_an_unknown_name_costs_a_hash_too(self, anonymous, monkeypatch):
        checked = []
        monkeypatch.setattr(
            "ostler.api.session.check_password", lambda stored, password: checked.append(stored)
        )

        await anonymous.post("/api/v1/login", json={"name": "Eve", "password": "wrong"})

        assert checked == [None]

    async def test_a_login_ends_after_30_days(self, browser, clock):
        clock.advance(days=30)

        assert (await browser.get("/api/v1/me")).status_code == 401

    async def test_after_logout_the_cookie_is_worth_nothing(self, browser, connect):
        stolen = f"ostler_login={browser.cookies['ostler_login']}"
        answer = await browser.post("/api/v1/logout", headers=HERE)
        thief = await connect(cookie=stolen)

        assert answer.status_code == 204
        assert (await thief.get("/api/v1/me")).status_code == 401

    async def test_logout_without_a_login_is_fine(self, anonymous):
        assert (await anonymous.post("/api/v1/logout")).status_code == 204

    async def test_guessing_is_slowed_down_but_the_person_elsewhere_gets_in(self, anonymous, connect, anna):
        guesses = [
            await anonymous.post("/api/v1/login", json={"name": "Anna", "password": f"wrong {number}"})
            for number in range(6)
        ]
        elsewhere = await connect(address="198.51.100.3")

        assert [answer.status_code for answer in guesses] == [401] * 5 + [429]
        assert 1 <= int(guesses[-1].headers["retry-after"]) <= 10
        assert (await elsewhere.post("/api/v1/login", json=ANNA)).status_code == 200


class TestCsrf:
    async def test_a_change_by_cookie_needs_our_own_origin(self, browser):
        async def status(**headers):
            answer = await browser.put("/api/v1/joining-window", json={"minutes": 1}, headers=headers)
            return answer.status_code

        assert await status() == 403
        assert await status(Origin="http://evil.test") == 403
        assert await status(Origin="http://ostler.test") == 200
        assert await status(**{"Sec-Fetch-Site": "same-origin"}) == 200
        assert await status(**{"Sec-Fetch-Site": "same-site"}) == 403

    async def test_reading_needs_none(self, browser):
        assert (await browser.get("/api/v1/stations")).status_code == 200

    async def test_another_site_cannot_log_somebody_in(self, anonymous, anna):
        answer = await anonymous.post("/api/v1/login", json=ANNA, headers={"Origin": "http://evil.test"})

        assert answer.status_code == 403


class TestOwnPassword:
    async def test_it_is_changed_and_ends_other_logins(self, browser, connect, anna):
        other = await connect()
        await other.post("/api/v1/login", json=ANNA)

        answer = await browser.put(
            "/api/v1/me/password", json={"old": PASSWORD, "new": "another horse"}, headers=HERE
        )

        assert answer.status_code == 200
        assert (await browser.get("/api/v1/me")).status_code == 200
        assert (await other.get("/api/v1/me")).status_code == 401
        new = {"name": "Anna", "password": "another horse"}
        assert (await other.post("/api/v1/login", json=new)).status_code == 200

    async def test_the_old_one_must_be_known(self, browser):
        answer = await browser.put(
            "/api/v1/me/password", json={"old": "wrong", "new": "another horse"}, headers=HERE
        )

        assert answer.status_code == 401

    async def test_a_token_has_none(self, viewer):
        answer = await viewer.put("/api/v1/me/password", json={"old": "", "new": "another horse"})

        assert answer.status_code == 403
