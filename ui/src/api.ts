// The few shapes of /api/v1 that the first page needs, written by hand; `make ui-types` makes all of them from OpenAPI.

export interface Connector {
  evse: number;
  connector: number;
  status: string;
  error_code: string;
  info: string;
  transaction_id: number | null;
  power_w: number | null;
  session_energy_wh: number | null;
  id_token: string | null;
  user: string | null;
  started_at: string | null;
}

export interface Station {
  id: string;
  name: string;
  vendor: string;
  model: string;
  ocpp_version: string;
  authorization: "none" | "all" | number[];
  connected: boolean;
  last_seen_at: string | null;
  connectors: Connector[];
}

export interface Waiting {
  id: string;
  address: string;
  vendor: string;
  model: string;
  last_seen_at: string;
}

export interface JoiningWindow {
  open: boolean;
  until: string | null;
}

export interface Token {
  id: number;
  id_token: string;
  name: string;
  status: string;
}

export interface Message {
  id: number;
  at: string;
  station: string;
  direction: "in" | "out";
  action: string;
  outcome: string;
  latency_ms: number | null;
  request: string;
  response: string;
  deviations: number;
}

export interface Me {
  name: string;
  role: "viewer" | "operator" | "administrator";
  /** demo: nobody has logged in, and nobody needs to. */
  kind: "user" | "token" | "demo";
}

export interface Setup {
  needed: boolean;
  code_required: boolean;
}

export interface CommandResult {
  result: "accepted" | "rejected" | "scheduled" | "not-supported" | "offline" | "timed-out" | "error";
  detail?: string;
}

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
