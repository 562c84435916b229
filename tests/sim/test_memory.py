from __future__ import annotations

import pytest
from harness.virtual import NOW, Csms, profile

from ostler.sim.memory import InstalledProfile, Memory, MemoryFileError, Reservation, load, save


def test_a_station_without_a_file_begins_anew(tmp_path):
    assert load(None) == Memory()
    assert load(tmp_path / "none.json") == Memory()


def test_what_was_saved_is_loaded_again(tmp_path):
    csms = Csms().connect().plug().card()
    csms.memory.profiles.append(InstalledProfile(connector=1, installed_at=NOW, profile=profile()))
    csms.memory.reservations[3] = Reservation(id=3, connector=2, id_tag="A", parent=None, expires_at=NOW)
    csms.disconnect().wait(61)
    file = tmp_path / "station.json"

    save(csms.memory, file)

    assert load(file) == csms.memory
    assert [each.name for each in tmp_path.iterdir()] == ["station.json"]


def test_a_damaged_file_is_an_error(tmp_path):
    file = tmp_path / "station.json"
    file.write_text("{")

    with pytest.raises(MemoryFileError, match="Move it away"):
        load(file)
