import type { components } from "./schema";

type Schemas = components["schemas"];
export type Connector = Schemas["Connector"];
export type Station = Schemas["Station"];
export type Waiting = Schemas["Waiting"];
export type JoiningWindow = Schemas["JoiningWindow"];
export type Token = Schemas["Token"];
export type Message = Schemas["Message"];
export type Me = Schemas["Me"];
export type Setup = Schemas["Setup"];
export type CommandResult = Schemas["CommandResult"];
/** A message as the live tail tells it: all of it but what only the log's own search needs. */
export type LiveMessage = Pick<
  Message,
  | "id"
  | "at"
  | "station"
  | "direction"
  | "action"
  | "outcome"
  | "latency_ms"
  | "request"
  | "response"
  | "deviations"
>;

interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** What the server said no with: a status and a sentence for people (RFC 9457). Status 0: it did not answer at all. */
export class Problem extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.status = status;
  }
}

const BASE = "/api/v1";

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const request: RequestInit = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    request.headers = { Accept: "application/json", "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const response = await fetch(BASE + path, request).catch(() => {
    throw new Problem(0, "");
  });
  const text = await response.text();
  if (!response.ok) throw new Problem(response.status, sentence(text) || response.statusText);
  return (text ? JSON.parse(text) : undefined) as T;
}

function sentence(text: string): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? "";
  } catch {
    return "";
  }
}

const id = encodeURIComponent;

export const api = {
  me: () => ask<Me>("GET", "/me"),
  setup: () => ask<Setup>("GET", "/setup"),
  createAdministrator: (body: { name: string; password: string; code?: string }) =>
    ask("POST", "/setup", body),
  login: (name: string, password: string) => ask("POST", "/login", { name, password }),
  logout: () => ask("POST", "/logout"),

  stations: () => ask<Page<Station>>("GET", "/stations?limit=1000").then((page) => page.items),
  allowAllTokens: (station: string) => ask("PATCH", `/stations/${id(station)}`, { authorization: "all" }),
  start: (station: string, connector: number, token: string) =>
    ask<CommandResult>("POST", `/stations/${id(station)}/commands/start-charging`, { connector, token }),
  stop: (station: string, transaction_id: number) =>
    ask<CommandResult>("POST", `/stations/${id(station)}/commands/stop-charging`, { transaction_id }),
  tokens: () => ask<Page<Token>>("GET", "/tokens?limit=1000").then((page) => page.items),

  waitingRoom: () => ask<Page<Waiting>>("GET", "/waiting-room").then((page) => page.items),
  accept: (station: string, allTokens: boolean) =>
    ask("POST", `/waiting-room/${id(station)}/accept`, { authorization: allTokens ? "all" : "none" }),
  ignore: (station: string) => ask("POST", `/waiting-room/${id(station)}/ignore`),
  joiningWindow: () => ask<JoiningWindow>("GET", "/joining-window"),
  openJoiningWindow: (minutes: number) => ask<JoiningWindow>("PUT", "/joining-window", { minutes }),

  messages: (station: string) =>
    ask<Page<Message>>("GET", `/messages?limit=50${station && `&station=${id(station)}`}`).then(
      (page) => page.items,
    ),
  events: (types: readonly string[], station = "") =>
    `${BASE}/events?types=${types.join(",")}${station && `&station=${id(station)}`}`,
};
