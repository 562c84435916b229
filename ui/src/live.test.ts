import { expect, test } from "vitest";
import type { Connector, Station } from "./api";
import { patched } from "./live";

const CONNECTOR = {
  evse: 1,
  connector: 1,
  status: "Charging",
  error_code: "NoError",
  info: "",
  transaction_id: 7,
  power_w: 11000,
  session_energy_wh: 4200,
  id_token: "ANNA",
  user: "Anna",
  started_at: null,
} as Connector;
const STATION = {
  id: "CP1",
  name: "",
  vendor: "",
  model: "",
  ocpp_version: "1.6",
  authorization: "all",
  connected: true,
  last_seen_at: null,
  connectors: [CONNECTOR],
} as Station;
const about = { station: "CP1", evse: 1, connector: 1 };

test("a change of status keeps what the event does not speak of", () => {
  const next = patched([STATION], { type: "connector.changed", ...about, status: "SuspendedEV", power_w: 0 });

  expect(next?.[0]?.connectors[0]).toEqual({ ...CONNECTOR, status: "SuspendedEV", power_w: 0 });
});

test("samples of the running session raise its energy", () => {
  const event = { type: "transaction.updated", ...about, transaction_id: 7, energy_wh: 4300, power_w: null };

  expect(patched([STATION], event)?.[0]?.connectors[0]).toEqual({ ...CONNECTOR, session_energy_wh: 4300 });
});

test("samples of another session change nothing", () => {
  const event = { type: "transaction.updated", ...about, transaction_id: 6, energy_wh: 1, power_w: 1 };

  expect(patched([STATION], event)?.[0]?.connectors[0]).toEqual(CONNECTOR);
});

test("an event of an unknown connector asks for the list", () => {
  expect(patched([STATION], { type: "connector.changed", ...about, connector: 2 })).toBeNull();
  expect(patched([STATION], { type: "connector.changed", ...about, station: "CP2" })).toBeNull();
});
