import type { Language } from "./words/catalogs";

// A narrow no-break space keeps a number and its unit together.
const GAP = "\u202f";

function number(language: Language, value: number, digits: number): string {
  return new Intl.NumberFormat(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}

/** Power with its unit: W below 1 kW, kW above. */
export function power(language: Language, watts: number): string {
  return Math.abs(watts) < 1000
    ? `${number(language, watts, 0)}${GAP}W`
    : `${number(language, watts / 1000, 1)}${GAP}kW`;
}

/** Energy in kWh. */
export function energy(language: Language, wattHours: number): string {
  return `${number(language, wattHours / 1000, 2)}${GAP}kWh`;
}

const STEPS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** How long ago, in words: "3 minutes ago". */
export function ago(language: Language, then: string, now: number): string {
  const seconds = Math.min(0, (Date.parse(then) - now) / 1000);
  const [unit, size] = STEPS.find(([, length]) => -seconds >= length) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(language, { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** Minutes and seconds left: "9:05". */
export function countdown(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The time of day, with the date when it is not today. */
export function time(language: Language, at: string, now: number, seconds = false): string {
  const then = new Date(at);
  const today = then.toDateString() === new Date(now).toDateString();
  return new Intl.DateTimeFormat(language, {
    ...(today ? {} : { day: "2-digit", month: "2-digit" }),
    hour: "2-digit",
    minute: "2-digit",
    // A log is read from top to bottom: its times are of one width.
    ...(seconds ? { second: "2-digit", hourCycle: "h23" } : {}),
  }).format(then);
}

/** JSON with line breaks where it is JSON, the text itself where it is not. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
