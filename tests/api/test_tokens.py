from __future__ import annotations

import base64
import json

import pytest

URL = "/api/v1/tokens"


@pytest.fixture
async def card(operator):
    return (await operator.post(URL, json={"id_token": "04AbCd", "name": "Anna"})).json()


async def test_a_new_token_is_accepted_and_in_no_group(operator, audit):
    made = await operator.post(URL, json={"id_token": "04AbCd"})

    assert made.status_code == 201
    assert made.json()["status"] == "Accepted"
    assert made.json()["groups"] == []
    assert made.json()["parallel"] is False
    assert await audit() == [("token:operator", "token.create", str(made.json()["id"]))]


async def test_upper_and_lower_case_make_no_other_token(operator, card):
    answer = await operator.post(URL, json={"id_token": "04ABCD"})

    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        'There is a token "04AbCd" already; upper and lower case do not count.'
    )


@pytest.mark.parametrize("id_token", ["", " ", "x" * 37, "a\x07b"])
async def test_what_is_no_id_token_is_refused(operator, id_token):
    answer = await operator.post(URL, json={"id_token": id_token})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "id_token"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"status": "Allowed"}, "status"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"groups": [99]}, "groups"),
        ({"groups": ["1"]}, "groups[0]"),
        ({"parent": "x" * 37}, "parent"),
        ({"nmae": "Anna"}, "nmae"),
    ],
)
async def test_a_wrong_field_is_named(operator, body, field):
    answer = await operator.post(URL, json={"id_token": "A", **body})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == field
    assert (await operator.get(URL)).json()["items"] == []


async def test_a_change_leaves_what_it_does_not_name(operator, card):
    answer = await operator.patch(f"{URL}/{card['id']}", json={"status": "Blocked"})

    assert answer.json() == {**card, "status": "Blocked"}


async def test_an_expiry_can_be_set_and_taken_away(operator, card):
    url = f"{URL}/{card['id']}"
    limited = await operator.patch(url, json={"expires_at": "2030-01-01T01:00:00+01:00"})
    unlimited = await operator.patch(url, json={"expires_at": None})

    assert limited.json()["expires_at"] == "2030-01-01T00:00:00Z"
    assert unlimited.json()["expires_at"] is None


async def test_a_token_can_be_spelt_anew_but_not_like_another(operator, card):
    await operator.post(URL, json={"id_token": "OTHER"})

    assert (await operator.patch(f"{URL}/{card['id']}", json={"id_token": "04ABCD"})).status_code == 200
    assert (await operator.patch(f"{URL}/{card['id']}", json={"id_token": "other"})).status_code == 409


async def test_groups_of_a_token_are_replaced(operator, card):
    groups = [
        (await operator.post("/api/v1/authorization-groups", json={"name": name})).json()["id"]
        for name in ("A", "B")
    ]
    await operator.patch(f"{URL}/{card['id']}", json={"groups": groups})
    answer = await operator.patch(f"{URL}/{card['id']}", json={"groups": groups[1:]})

    assert answer.json()["groups"] == groups[1:]


async def test_a_deleted_token_is_gone(operator, card):
    assert (await operator.delete(f"{URL}/{card['id']}")).status_code == 204
    assert (await operator.get(f"{URL}/{card['id']}")).status_code == 404


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
async def test_an_unknown_token_is_a_404(operator, method):
    answer = await operator.request(method, f"{URL}/7", json={} if method == "PATCH" else None)

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no token 7."


async def test_tokens_are_searched_by_id_token_and_name(operator, card):
    await operator.post(URL, json={"id_token": "100%", "name": "Bert"})

    async def found(**filters):
        answer = await operator.get(URL, params=filters)
        return [item["name"] for item in answer.json()["items"]]

    assert await found(q="abc") == ["Anna"]
    assert await found(q="ann") == ["Anna"]
    assert await found(q="%") == ["Bert"]
    assert await found(status="Blocked") == []


async def test_pages_follow_one_another_without_gap(operator):
    for number in range(5):
        await operator.post(URL, json={"id_token": f"T{number}"})
    seen = []
    cursor = None
    while True:
        answer = (
            await operator.get(URL, params={"limit": 2, **({"cursor": cursor} if cursor else {})})
        ).json()
        seen += [item["id_token"] for item in answer["items"]]
        cursor = answer["next_cursor"]
        if cursor is None:
            break

    assert seen == ["T0", "T1", "T2", "T3", "T4"]


@pytest.mark.parametrize("cursor", ["x", "", "bnVsbA", "WyJhIl0", "é", "W10"])
async def test_a_made_up_cursor_is_refused(viewer, cursor):
    answer = await viewer.get(URL, params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize(
    "key",
    [
        ["2026-01-01T00:00:00", 1],
        ["0001-01-01T00:00:00+14:00", 1],
        ["2026-01-01T00:00:00Z", 10**30],
        ["2026-01-01T00:00:00Z", 2**63],
        ["2026-01-01T00:00:00Z", None],
    ],
)
async def test_a_cursor_that_was_tampered_with_is_refused(viewer, key):
    cursor = base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")
    answer = await viewer.get("/api/v1/transactions", params={"cursor": cursor})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "cursor"


@pytest.mark.parametrize("limit", ["0", "1001", "x", ""])
async def test_a_page_has_from_1_to_1000_items(viewer, limit):
    answer = await viewer.get(URL, params={"limit": limit})

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "limit"


async def test_a_parent_can_be_left_open_and_taken_away(operator, card):
    made = await operator.post(URL, json={"id_token": "CHILD", "parent": None})
    await operator.patch(f"{URL}/{card['id']}", json={"parent": "FAMILY"})
    alone = await operator.patch(f"{URL}/{card['id']}", json={"parent": None})

    assert (made.json()["parent"], alone.json()["parent"]) == ("", "")
