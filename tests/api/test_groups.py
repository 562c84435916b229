from __future__ import annotations

import pytest

URL = "/api/v1/authorization-groups"


@pytest.fixture
async def tokens(operator):
    return [
        (await operator.post("/api/v1/tokens", json={"id_token": text})).json()["id"] for text in ("A", "B")
    ]


@pytest.fixture
async def staff(operator, tokens):
    return (await operator.post(URL, json={"name": "Staff", "tokens": tokens})).json()


async def test_a_group_is_made_with_its_tokens(staff, tokens):
    assert staff["tokens"] == tokens
    assert staff["token_count"] == 2


async def test_a_name_is_given_once(operator, staff):
    assert (await operator.post(URL, json={"name": "Staff"})).status_code == 409


@pytest.mark.parametrize("body", [{"name": ""}, {"name": "x" * 101}, {"name": "G", "tokens": [9]}, {}])
async def test_what_is_no_group_is_refused(operator, body):
    assert (await operator.post(URL, json=body)).status_code == 422
    assert (await operator.get(URL)).json()["items"] == []


async def test_a_group_is_replaced(operator, staff, tokens):
    answer = await operator.put(f"{URL}/{staff['id']}", json={"name": "Team", "tokens": tokens[:1]})

    assert (answer.json()["name"], answer.json()["tokens"]) == ("Team", tokens[:1])


async def test_a_group_keeps_its_tokens_when_none_are_named(operator, staff, tokens):
    answer = await operator.put(f"{URL}/{staff['id']}", json={"name": "Staff", "description": "all"})

    assert (answer.json()["description"], answer.json()["tokens"]) == ("all", tokens)


async def test_groups_are_listed_with_the_number_of_their_tokens(viewer, staff):
    [listed] = (await viewer.get(URL)).json()["items"]

    assert (listed["name"], listed["token_count"]) == ("Staff", 2)


async def test_tokens_of_a_group_are_listed(viewer, operator, staff):
    await operator.post("/api/v1/tokens", json={"id_token": "C"})

    items = (await viewer.get("/api/v1/tokens", params={"group": staff["id"]})).json()["items"]
    assert [item["id_token"] for item in items] == ["A", "B"]


async def test_a_deleted_group_is_withdrawn_from_stations_and_its_tokens_stay(administrator, staff):
    await administrator.post("/api/v1/stations", json={"id": "CP1", "authorization": [staff["id"]]})

    await administrator.delete(f"{URL}/{staff['id']}")

    assert (await administrator.get(f"{URL}/{staff['id']}")).status_code == 404
    assert (await administrator.get("/api/v1/stations/CP1")).json()["authorization"] == []
    assert len((await administrator.get("/api/v1/tokens")).json()["items"]) == 2


class TestCsv:
    async def test_a_group_is_written_as_jeedom_reads_it(self, operator, viewer):
        token = {
            "id_token": "04AB",
            "name": 'Anna; "the boss"',
            "expires_at": "2030-01-31T12:00:00Z",
            "parallel": True,
        }
        pk = (await operator.post("/api/v1/tokens", json=token)).json()["id"]
        group = (await operator.post(URL, json={"name": "Büro/1", "tokens": [pk]})).json()["id"]

        answer = await viewer.get(f"{URL}/{group}.csv")

        assert answer.text == (
            "id;name;status;expiry_date;concurrentTx\r\n"
            '04AB;"Anna; ""the boss""";Accepted;2030-01-31 12:00;1\r\n'
        )
        assert answer.headers["content-type"] == "text/csv; charset=utf-8"
        assert answer.headers["content-disposition"] == (
            "attachment; filename=\"B_ro_1.csv\"; filename*=UTF-8''B%C3%BCro%2F1.csv"
        )

    async def test_no_cell_is_taken_for_a_formula_and_reading_it_back_changes_nothing(self, operator):
        pk = (await operator.post("/api/v1/tokens", json={"id_token": "=1+1", "name": "@x"})).json()["id"]
        group = (await operator.post(URL, json={"name": "G", "tokens": [pk]})).json()["id"]
        text = (await operator.get(f"{URL}/{group}.csv")).text

        done = await operator.put(f"{URL}/{group}.csv", content=text)

        assert text.splitlines()[1] == "'=1+1;'@x;Accepted;;0"
        assert done.json() == {"created": 0, "changed": 1}
        assert (await operator.get(f"/api/v1/tokens/{pk}")).json()["id_token"] == "=1+1"

    @pytest.mark.parametrize("sign", ["+", "-", "@", "\uff1d", "\uff20"])
    async def test_wide_signs_of_formulas_are_disarmed_too(self, operator, sign):
        pk = (await operator.post("/api/v1/tokens", json={"id_token": "A1", "name": f"{sign}1+1"})).json()[
            "id"
        ]
        group = (await operator.post(URL, json={"name": "G", "tokens": [pk]})).json()["id"]

        assert f"A1;'{sign}1+1;" in (await operator.get(f"{URL}/{group}.csv")).text

    async def test_an_import_makes_the_group_what_the_file_says(self, operator, staff):
        text = (
            "\ufeffid;name;status;expiry_date;concurrentTx\n"
            "a;Anna;Blocked;2030-01-31 12:00;1\n"
            "NEW;;;2030-01-31;\n"
        )

        done = await operator.put(f"{URL}/{staff['id']}.csv", content=text.encode())

        items = (await operator.get("/api/v1/tokens", params={"group": staff["id"]})).json()["items"]
        assert done.json() == {"created": 1, "changed": 1}
        assert [(item["id_token"], item["status"], item["parallel"]) for item in items] == [
            ("A", "Blocked", True),
            ("NEW", "Accepted", False),
        ]
        assert items[0]["expires_at"] == "2030-01-31T12:00:00Z"

    async def test_one_bad_line_keeps_all_others_out_and_every_bad_line_is_named(self, operator, staff):
        text = "id;status;expiry_date\nNEW;Accepted;\nX;Alowed;\nY;;soon\nnew;;\nZ;;;;\n"

        answer = await operator.put(f"{URL}/{staff['id']}.csv", content=text)

        assert answer.status_code == 422
        assert answer.json()["errors"] == [
            {
                "field": "line 3",
                "detail": 'The status "Alowed" is not one of Accepted, Blocked, Expired, Invalid.'
                ' Did you mean "Blocked"?',
            },
            {"field": "line 4", "detail": 'The date "soon" is not like 2030-01-31 12:00.'},
            {"field": "line 5", "detail": '"new" stands in the file twice.'},
            {"field": "line 6", "detail": "The line has more fields than the header."},
        ]
        assert len((await operator.get("/api/v1/tokens")).json()["items"]) == 2

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"name;status\nx;Accepted\n",
            b"id;colour\nx;red\n",
            b"id\n\xff\n",
            b'id;name\nA;"x\n',
            b"id;concurrentTx\nA;perhaps\n",
            b"id\n" + b"x" * 5_000_000,
        ],
        ids=["empty", "no id", "unknown column", "not UTF-8", "open quote", "not a boolean", "too large"],
    )
    async def test_what_is_no_group_file_is_refused_with_a_sentence(self, operator, staff, content):
        answer = await operator.put(f"{URL}/{staff['id']}.csv", content=content)

        assert answer.status_code == 422
        assert answer.json()["detail"].endswith((".", "?"))
        assert (await operator.get(f"{URL}/{staff['id']}")).json()["token_count"] == 2

    async def test_an_unknown_group_is_a_404(self, operator):
        assert (await operator.get(f"{URL}/9.csv")).status_code == 404
        assert (await operator.put(f"{URL}/9.csv", content="id\n")).status_code == 404

    async def test_a_group_of_any_size_is_written(self, operator, monkeypatch, staff):
        monkeypatch.setattr("ostler.api.groups.CHUNK", 1)

        lines = (await operator.get(f"{URL}/{staff['id']}.csv")).text.splitlines()

        assert [line.split(";")[0] for line in lines] == ["id", "A", "B"]
