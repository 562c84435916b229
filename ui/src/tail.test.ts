import { expect, test } from "vitest";
import type { LiveMessage } from "./api";
import { merged } from "./tail";

const message = (id: number): LiveMessage => ({
  id,
  at: "2026-11-21T12:00:00Z",
  station: "CP1",
  direction: "in",
  action: "Heartbeat",
  outcome: "answered",
  latency_ms: 1,
  request: "{}",
  response: "{}",
  deviations: 0,
});
const ids = (messages: LiveMessage[]) => messages.map(({ id }) => id);

test("a message that was read and also came live stands there once", () => {
  expect(ids(merged([message(3), message(2)], [message(2), message(1)]))).toEqual([3, 2, 1]);
});

test("the newest stands first, in whichever order they came", () => {
  expect(ids(merged([message(4), message(6)], [message(5)]))).toEqual([6, 5, 4]);
});

test("the oldest are let go when there are too many", () => {
  expect(ids(merged([message(3)], [message(2), message(1)], 2))).toEqual([3, 2]);
});
