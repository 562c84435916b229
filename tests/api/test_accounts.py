from __future__ import annotations

import pytest

BERT = {"name": "Bert", "password": "correct horse", "role": "operator"}


@pytest.fixture
async def bert(administrator):
    return (await administrator.post("/api/v1/users", json=BERT)).json()


async def test_a_user_is_made_and_can_log_in(administrator, anonymous, bert):
    await anonymous.post("/api/v1/login", json={"name": "Bert", "password": "correct horse"})

    assert (await anonymous.get("/api/v1/me")).json()["role"] == "operator"
    assert [user["name"] for user in (await administrator.get("/api/v1/users")).json()["items"]] == ["Bert"]


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"name": "Bert "}, 409, "name"),
        ({"name": ""}, 422, "name"),
        ({"name": "a\nb"}, 422, "name"),
        ({"password": "short"}, 422, "password"),
        ({"role": "boss"}, 422, "role"),
    ],
)
async def test_what_is_no_user_is_refused(administrator, bert, change, status, field):
    answer = await administrator.post("/api/v1/users", json={**BERT, "name": "Carl", **change})

    assert answer.status_code == status
    assert answer.json()["errors"][0]["field"] == field


async def test_a_new_role_counts_at_once(administrator, anonymous, bert):
    await anonymous.post("/api/v1/login", json={"name": "Bert", "password": "correct horse"})

    await administrator.patch(f"/api/v1/users/{bert['id']}", json={"role": "viewer"})

    assert (await anonymous.get("/api/v1/me")).json()["role"] == "viewer"


async def test_a_new_password_ends_the_users_logins(administrator, anonymous, bert):
    await anonymous.post("/api/v1/login", json={"name": "Bert", "password": "correct horse"})

    await administrator.patch(f"/api/v1/users/{bert['id']}", json={"password": "another horse"})

    assert (await anonymous.get("/api/v1/me")).status_code == 401


async def test_a_deleted_user_is_out_at_once(administrator, anonymous, bert):
    await anonymous.post("/api/v1/login", json={"name": "Bert", "password": "correct horse"})

    assert (await administrator.delete(f"/api/v1/users/{bert['id']}")).status_code == 204
    assert (await anonymous.get("/api/v1/me")).status_code == 401


async def test_the_last_administrator_stays(administrator):
    body = {"name": "Anna", "password": "correct horse", "role": "administrator"}
    pk = (await administrator.post("/api/v1/users", json=body)).json()["id"]

    deleted = await administrator.delete(f"/api/v1/users/{pk}")
    demoted = await administrator.patch(f"/api/v1/users/{pk}", json={"role": "viewer"})

    assert deleted.status_code == demoted.status_code == 409
    assert deleted.json()["detail"] == "Anna is the only administrator; make another one first."


async def test_an_unknown_user_is_a_404(administrator):
    assert (await administrator.patch("/api/v1/users/9", json={"role": "viewer"})).status_code == 404
    assert (await administrator.delete("/api/v1/users/9")).status_code == 404


async def test_an_api_token_is_shown_once_and_works(administrator, connect):
    made = await administrator.post("/api/v1/api-tokens", json={"name": "jeedom", "role": "operator"})
    token = made.json()["token"]
    client = await connect(authorization=f"bearer {token}")

    assert made.status_code == 201
    assert token.startswith("ost_")
    assert len(token) == len("ost_") + 43
    assert token not in (await administrator.get("/api/v1/api-tokens")).text
    assert (await client.get("/api/v1/me")).json()["name"] == "jeedom"


async def test_an_unknown_api_token_cannot_be_revoked(administrator):
    assert (await administrator.delete("/api/v1/api-tokens/99")).status_code == 404


async def test_every_change_stands_in_the_audit_with_who_made_it(administrator, audit, bert):
    await administrator.patch(f"/api/v1/users/{bert['id']}", json={"password": "another horse"})

    assert await audit() == [
        ("token:administrator", "user.change", str(bert["id"])),
        ("token:administrator", "user.create", str(bert["id"])),
    ]
    assert "horse" not in (await administrator.get("/api/v1/audit")).text


async def test_what_failed_stands_in_no_audit(administrator, audit):
    await administrator.post("/api/v1/users", json={**BERT, "name": ""})

    assert await audit() == []
