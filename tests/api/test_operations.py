from __future__ import annotations

import asyncio

import pytest

from ostler.api.application import create_app
from ostler.api.metrics import Figure
from ostler.store.store import Health

URLS = ["/livez", "/readyz", "/metrics"]


@pytest.mark.parametrize("url", URLS)
async def test_they_need_no_login_and_know_head(anonymous, url):
    assert (await anonymous.get(url)).status_code == 200
    head = await anonymous.head(url)
    assert (head.status_code, head.content) == (200, b"")


async def test_life_touches_nothing(anonymous, store):
    await asyncio.to_thread(store.close)

    assert (await anonymous.get("/livez")).text == "ok\n"


async def test_a_healthy_server_is_ready(anonymous):
    answer = (await anonymous.get("/readyz")).json()

    assert answer["ready"] is True
    assert set(answer["checks"]) == {"database", "log", "disk", "draining"}


async def test_a_full_disk_is_a_503_with_the_reason(anonymous, store):
    store.writer.failure = "database or disk is full"

    answer = await anonymous.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["database"] == {"ok": False, "detail": "database or disk is full"}


async def test_little_room_is_a_503(anonymous, monkeypatch):
    monkeypatch.setattr("ostler.api.health.LEAST_FREE_BYTES", 2**62)

    answer = await anonymous.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["disk"]["detail"].endswith(
        "Make room: stations are not answered when nothing can be kept."
    )


async def test_a_writer_that_hangs_is_a_503(anonymous, store, monkeypatch):
    monkeypatch.setattr("ostler.api.health.DATABASE_WAIT_S", 0.0)

    assert (await anonymous.get("/readyz")).status_code == 503


async def test_without_a_log_stations_are_served(anonymous, store, monkeypatch):
    monkeypatch.setattr(store, "health", lambda: Health(None, "the log is away"))

    answer = await anonymous.get("/readyz")

    assert answer.status_code == 200
    assert answer.json()["checks"]["log"] == {"ok": False, "detail": "the log is away"}


async def test_a_stopping_server_is_not_ready(anonymous, draining):
    draining.set()

    answer = await anonymous.get("/readyz")

    assert answer.status_code == 503
    assert answer.json()["checks"]["draining"]["ok"] is False


async def test_figures_name_no_station(connect, store, bus, settings, holder):
    figures = [
        Figure(
            name="ostler_messages_total",
            help="Messages.",
            kind="counter",
            read=lambda: {("Heartbeat", "in"): 7},
            labels=("action", "direction"),
        )
    ]
    app = create_app(store, bus, settings, figures=figures)
    client = await connect(app=app)

    text = (await client.get("/metrics")).text

    assert "ostler_stations_connected 1.0" in text
    assert 'ostler_messages_total{action="Heartbeat",direction="in"} 7.0' in text
    assert 'ostler_build_info{version="' in text
    assert "ostler_loop_lag_seconds 0.0" in text
    assert "ostler_commits_total" in text
    assert "process_cpu_seconds_total" in text
    assert "CP1" not in text
