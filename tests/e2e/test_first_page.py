from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect
from websockets.sync.client import connect

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
NAME, PASSWORD = "Clara", "correct horse battery"


def field(page, name):
    return page.get_by_role("textbox", name=name, exact=True)


def create_administrator(page):
    field(page, "Name").fill(NAME)
    field(page, "Password").fill(PASSWORD)
    field(page, "Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()


def test_the_demo_shows_two_chargers_that_charge(demo, open_page):
    page = open_page(demo.http)

    expect(page.locator("[data-station]")).to_have_count(2)
    expect(page.locator("[data-status=Charging]").first).to_be_visible(timeout=30_000)


def test_what_a_session_has_charged_rises_without_loading_the_page_again(demo, open_page):
    page = open_page(demo.http)
    running = page.locator("[data-connector]", has=page.locator("[data-status=Charging]")).first
    figure = running.get_by_text("kWh")
    expect(figure).to_be_visible(timeout=30_000)

    expect(figure).not_to_have_text(figure.inner_text(), timeout=30_000)


def test_the_messages_of_the_chargers_come_in_live(demo, open_page):
    page = open_page(demo.http)
    newest = page.locator("[data-message]").first
    before = newest.get_attribute("data-message")

    expect(newest).not_to_have_attribute("data-message", before or "", timeout=30_000)
    page.get_by_role("button", name="MeterValues").first.click(timeout=30_000)
    expect(page.get_by_text('"meterValue"')).to_be_visible()


def test_a_running_session_is_stopped_from_the_page(own_demo, open_page):
    page = open_page(own_demo.http)
    page.get_by_role("button", name="Stop").first.click(timeout=30_000)

    expect(page.get_by_text("The charger has agreed and ends the session.")).to_be_visible()


def test_starting_asks_for_a_tag_and_an_empty_one_cannot_be_sent(own_demo, open_page):
    page = open_page(own_demo.http)
    page.get_by_role("button", name="Start").first.click(timeout=30_000)
    dialog = page.get_by_role("dialog")

    expect(dialog.get_by_role("button", name="Start")).to_be_disabled()
    dialog.get_by_label("For which tag?").fill("DEMO-ANNA")
    expect(dialog.get_by_role("button", name="Start")).to_be_enabled()


def test_the_first_visitor_creates_the_administrator_and_is_let_in(server, open_page):
    page = open_page(server.http)
    create_administrator(page)

    expect(page.get_by_text("No charger yet")).to_be_visible()


def test_a_wrong_password_is_refused_in_a_sentence_and_the_right_one_opens(server, open_page):
    page = open_page(server.http)
    create_administrator(page)
    page.get_by_role("button", name="Log out").click()
    field(page, "Name").fill(NAME)
    field(page, "Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Name or password is wrong.")).to_be_visible()

    field(page, "Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("region", name="Waiting room")).to_be_visible()


def test_a_charger_that_knocks_is_accepted_from_the_waiting_room(server, open_page):
    page = open_page(server.http)
    create_administrator(page)
    expect(page.get_by_text("Nobody is waiting.")).to_be_visible()
    with connect(f"{server.ocpp}/garage-left", subprotocols=["ocpp1.6"]) as station:
        boot = {"chargePointVendor": "go-e", "chargePointModel": "Gemini"}
        station.send(json.dumps([2, "1", "BootNotification", boot]))
        assert json.loads(station.recv(timeout=10))[2]["status"] == "Pending"

        page.locator("[data-waiting=garage-left]").get_by_role("button", name="Accept").click()
        page.get_by_role("dialog").get_by_role("button", name="Accept").click()
        expect(page.locator("[data-station=garage-left]")).to_be_visible()
        expect(page.get_by_text("Nobody may charge here yet.")).to_be_visible()


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("de-DE", "Wartezimmer"),
        ("fr-CH", "Salle d'attente"),
        ("it-IT", "Sala d'attesa"),
        ("nl-NL", "Waiting room"),
    ],
)
def test_the_browser_chooses_the_language(demo, open_page, locale, words):
    page = open_page(demo.http, locale=locale)

    expect(page.get_by_role("heading", name=words)).to_be_visible()


def test_the_page_fits_a_phone_in_the_dark(demo, open_page):
    page = open_page(demo.http, color_scheme="dark", **PHONE)
    expect(page.locator("[data-station]")).to_have_count(2)

    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == "dark"
