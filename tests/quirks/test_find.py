from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import pytest

from ostler import quirks
from ostler.domain.measures import PLAIN
from ostler.quirks import NO_QUIRKS, Quirk

FRAMES = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "data" / "frames.jsonl").read_text().splitlines()
]


def booted(vendor):
    """How a station is treated whose recorded BootNotification begins with `vendor`."""
    boot = next(
        frame["frame"][3]
        for frame in FRAMES
        if frame["frame"][0] == 2
        and frame["frame"][2] == "BootNotification"
        and frame["frame"][3].get("chargePointVendor", "").startswith(vendor)
    )
    return quirks.find(boot["chargePointVendor"], boot["chargePointModel"], boot.get("firmwareVersion", ""))


@pytest.mark.parametrize("quirk", quirks.every(), ids=lambda one: one.vendor)
def test_every_quirk_says_why_and_does_something(quirk):
    assert len(quirk.why) > 30
    assert quirk.over(NO_QUIRKS) != NO_QUIRKS


def test_every_module_is_found_by_itself():
    names = {module.name for module in pkgutil.iter_modules(quirks.__path__)} - {"base"}
    found = [importlib.import_module(f"ostler.quirks.{name}").QUIRKS for name in names]

    assert sum(map(len, found)) == len(quirks.every())


@pytest.mark.parametrize(
    "vendor",
    [
        "Legrand",
        "go-e",
        "ABB",
        "Alfen BV",
        "KEBA",
        "Wallbox",
        "United Chargers",
        "Easee",
        "EVBox",
        "Schneider Electric",
    ],
)
def test_these_makers_are_known(vendor):
    assert any(quirk.applies(vendor, quirk.models[0].replace("*", ""), "V1.8.21") for quirk in quirks.every())


def test_an_unknown_station_has_no_quirks():
    assert quirks.find("Acme", "One", "1") is NO_QUIRKS


def test_quirks_of_a_station_are_worked_out_once():
    assert quirks.find("KEBA AG", "P30", "1") is quirks.find("KEBA AG", "P30", "1")


def test_names_are_compared_without_regard_to_case():
    assert quirks.find("keba", "p30", "1").token("12345678_dummy1") == "12345678"


def test_without_a_separator_a_token_is_whole():
    assert NO_QUIRKS.token("1234_5678") == "1234_5678"


def test_the_recorded_abb_must_be_asked_gently():
    treated = booted("ABB")

    assert treated.gentle_reading
    assert (treated.highest_stack_level, treated.clear_profile_first) == (0, True)


@pytest.mark.parametrize(
    ("firmware", "gentle"), [("X::V1.8.21", True), ("X::V1.8.32", False), ("X::V1.6.6", True)]
)
def test_an_abb_was_mended_after_1_8_21(firmware, gentle):
    assert quirks.find("ABB", "CDT_TACW22::NET_WIFI", firmware).gentle_reading is gentle


def test_the_recorded_legrand_exports_what_the_car_imports():
    treated = booted("Legrand")

    assert treated.meter.measurands == (("Power.Active.Export", "Power.Active.Import"),)
    assert treated.meter.session_register


def test_the_recorded_grizzle_counts_sessions():
    treated = booted("United Chargers")

    assert treated.meter.session_register
    assert treated.gentle_reading


def test_the_recorded_wallbox_takes_relative_profiles_on_any_level():
    treated = booted("Wall Box Chargers")

    assert (treated.profile_kind, treated.highest_stack_level) == ("Relative", None)


def test_a_wallbox_of_firmware_5_takes_level_0_only():
    treated = quirks.find("Wall Box Chargers", "PLP1-0-2-3", "5.17.18")

    assert (treated.profile_kind, treated.highest_stack_level) == ("Relative", 0)
    assert treated.meter.untrusted == ("Current.Offered", "Power.Offered")


def test_the_recorded_elvi_is_not_trusted_with_what_it_offers():
    treated = booted("EV-BOX")

    assert "SoC" in treated.meter.untrusted
    assert not treated.station_profile


def test_the_recorded_alfen_tells_its_offer_by_a_context():
    assert booted("Alfen").meter.contexts == (("CurrentMax", "Current.Offered"),)


def test_the_recorded_schneider_is_believed_only_per_phase():
    assert booted("Schneider").meter.untrusted == ("Current.Import",)


def test_the_recorded_halo_refuses_profiles_for_the_station():
    assert not booted("Charge Amps").station_profile


def test_a_goe_forgets_its_profiles():
    assert quirks.find("go-e", "go-eCharger_V4", "56.2").forgets_profiles


def test_an_en_plus_is_neither_pinged_nor_switched():
    treated = quirks.find("EN+", "Caro", "")

    assert not treated.server_ping
    assert not treated.change_availability


def test_an_easee_is_not_asked_for_samples_every_few_seconds():
    assert quirks.find("Easee", "Home", "328").least_sample_interval_s == 30


def test_a_later_quirk_overrules_and_leaves_the_rest():
    first = Quirk(vendor="*", why="", profile_kind="Relative", highest_stack_level=3)
    second = Quirk(vendor="*", why="", highest_stack_level=None)

    both = second.over(first.over(NO_QUIRKS))

    assert (both.profile_kind, both.highest_stack_level, both.meter) == ("Relative", None, PLAIN)
