"""Virtual charging stations that speak OCPP 1.6 over real WebSockets, for trying and testing."""

from __future__ import annotations

from ostler.sim.run import DEMO_STATIONS, DEMO_TOKENS, SimError, SimOptions, run_demo, run_sim

__all__ = ["DEMO_STATIONS", "DEMO_TOKENS", "SimError", "SimOptions", "run_demo", "run_sim"]
