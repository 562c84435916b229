import { expect, test } from "vitest";
import { ago, countdown, energy, power, pretty } from "./format";

const NOW = Date.parse("2026-11-21T12:00:00Z");

test("power below a kilowatt is shown in watts", () => {
  expect(power("en", 850)).toBe("850\u202fW");
});

test("power and energy follow the language's decimal sign", () => {
  expect(power("de", 11_040)).toBe("11,0\u202fkW");
  expect(energy("en", 4200)).toBe("4.20\u202fkWh");
});

test("the largest fitting unit says how long ago it was", () => {
  expect(ago("en", "2026-11-21T11:57:00Z", NOW)).toBe("3 minutes ago");
  expect(ago("fr", "2026-11-20T11:00:00Z", NOW)).toBe("hier");
});

test("a clock that is ahead of ours is now, not in the future", () => {
  expect(ago("en", "2026-11-21T12:00:09Z", NOW)).toBe("now");
});

test("a countdown never falls below zero", () => {
  expect(countdown(545_000)).toBe("9:05");
  expect(countdown(-1)).toBe("0:00");
});

test("what is no JSON is shown as it is", () => {
  expect(pretty('{"a":1}')).toBe('{\n  "a": 1\n}');
  expect(pretty("[2,")).toBe("[2,");
});
