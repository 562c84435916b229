from __future__ import annotations

import pytest

from ostler.sim.machine import ALLOWED, NEXT, ORDER, Phase, Signal, step


@pytest.mark.parametrize("change", NEXT.items(), ids=lambda change: "-".join(map(str, change[0])))
def test_every_change_of_the_machine_stands_in_the_table_of_the_specification(change):
    (phase, _), target = change

    assert phase is target or (phase, target) in ALLOWED


def test_the_table_of_the_specification_has_its_53_changes_and_none_to_itself():
    assert len(ALLOWED) == 53
    assert all(before is not after for before, after in ALLOWED)


def test_preparing_may_become_finishing_since_the_second_edition():
    assert (Phase.PREPARING, Phase.FINISHING) in ALLOWED


@pytest.mark.parametrize("phase", ORDER)
@pytest.mark.parametrize("signal", Signal)
def test_a_signal_that_means_nothing_changes_nothing(phase, signal):
    after = step(phase, signal)

    assert after is NEXT.get((phase, signal), phase)


def test_every_phase_can_be_reached_from_available_and_left_again():
    reached = {Phase.AVAILABLE}
    for _ in ORDER:
        reached |= {target for (phase, _), target in NEXT.items() if phase in reached}

    assert reached == set(ORDER)
    assert {phase for phase, _ in NEXT} == set(ORDER)


def test_a_visit_goes_through_preparing_charging_and_finishing():
    phase = Phase.AVAILABLE
    passed = []
    for signal in (Signal.PLUG, Signal.FLOW, Signal.EV_PAUSE, Signal.EVSE_PAUSE, Signal.STOP, Signal.UNPLUG):
        phase = step(phase, signal)
        passed.append(phase.value)

    assert passed == ["Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing", "Available"]
