from __future__ import annotations

import pytest

from ostler.ocpp.v16 import ChargePointErrorCode
from ostler.sim import faults


@pytest.fixture
def broken(csms):
    faults.break_down(csms.station, csms.connector(), ChargePointErrorCode.OVER_VOLTAGE, csms.now)
    return csms.talk()


def repaired(csms):
    faults.repair(csms.station, csms.connector(), csms.now)
    return csms.talk().statuses()[-1]


def test_a_repaired_connector_is_available(broken):
    assert repaired(broken) == "Available"


def test_a_repaired_connector_with_a_cable_in_is_preparing(broken):
    assert repaired(broken.plug()) == "Preparing"


def test_a_repaired_connector_out_of_service_stays_so(broken):
    broken.memory.inoperative.add(1)

    assert repaired(broken) == "Unavailable"


def test_a_broken_connector_starts_nothing(broken):
    broken.plug().card()

    assert "StartTransaction" not in [each.action for each in broken.said]


def test_a_fault_survives_a_restart(broken):
    broken.station.restart_at = broken.now
    broken.wait(1).disconnect().wait(5).connect()

    assert broken.statuses()[-1] == "Faulted"


def test_repairing_what_is_whole_changes_nothing(csms):
    faults.repair(csms.station, csms.connector(), csms.now)

    assert csms.talk().said == []
