import { type QueryClient, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, type Connector, type Station } from "./api";

// These change single values of what is already on the page.
const PATCHES = ["connector.changed", "transaction.updated"] as const;
// After these the list is read again: a connection or a session began or ended.
const READ_AGAIN = [
  "station.connected",
  "station.disconnected",
  "station.booted",
  "station.changed",
  "transaction.started",
  "transaction.ended",
] as const;
const READ_AGAIN_AT_MOST_EVERY_MS = 500;

interface LiveEvent {
  type: string;
  station: string;
  evse?: number;
  connector?: number;
  status?: string;
  error_code?: string;
  info?: string;
  power_w?: number | null;
  energy_wh?: number | null;
  transaction_id?: number | null;
}

/** The connector after an event about it. A part of its state that the event does not speak of stays. */
export function afterEvent(connector: Connector, event: LiveEvent): Connector {
  if (event.type === "transaction.updated") {
    if (connector.transaction_id !== event.transaction_id) return connector;
    return {
      ...connector,
      power_w: event.power_w ?? connector.power_w,
      session_energy_wh: event.energy_wh ?? connector.session_energy_wh,
    };
  }
  return {
    ...connector,
    status: event.status ?? connector.status,
    error_code: event.error_code ?? connector.error_code,
    info: event.info ?? connector.info,
    power_w: event.power_w === undefined ? connector.power_w : event.power_w,
  };
}

/** The stations after an event, or null when the event speaks of a connector that we have not seen. */
export function patched(stations: readonly Station[], event: LiveEvent): Station[] | null {
  let found = false;
  const next = stations.map((station) => {
    if (station.id !== event.station) return station;
    const connectors = station.connectors.map((connector) => {
      if (connector.evse !== event.evse || connector.connector !== event.connector) return connector;
      found = true;
      return afterEvent(connector, event);
    });
    return { ...station, connectors };
  });
  return found ? next : null;
}

/** Calls `action` at once, then at most once in `milliseconds`, and once more for what came in between. */
function throttled(action: () => void, milliseconds: number) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let again = false;
  const run = () => {
    if (timer !== undefined) {
      again = true;
      return;
    }
    action();
    timer = setTimeout(() => {
      timer = undefined;
      if (again) {
        again = false;
        run();
      }
    }, milliseconds);
  };
  return { run, cancel: () => clearTimeout(timer) };
}

function listen(client: QueryClient, onOpen: (open: boolean) => void): () => void {
  const source = new EventSource(api.events([...PATCHES, ...READ_AGAIN, "station.waiting"]));
  const stations = throttled(
    () => void client.invalidateQueries({ queryKey: ["stations"] }),
    READ_AGAIN_AT_MOST_EVERY_MS,
  );
  const waiting = () => void client.invalidateQueries({ queryKey: ["waiting-room"] });
  const readAll = () => {
    stations.run();
    waiting();
  };
  source.onopen = () => {
    onOpen(true);
    readAll();
  };
  // The server drops events for a page that reads too slowly, and says so.
  source.addEventListener("lost", readAll);
  source.addEventListener("reset", readAll);
  source.onerror = () => onOpen(false);
  for (const type of PATCHES) {
    source.addEventListener(type, (message) => {
      const event = { type, ...JSON.parse(message.data as string) } as LiveEvent;
      const known = client.getQueryData<Station[]>(["stations"]);
      const next = known && patched(known, event);
      if (next) client.setQueryData(["stations"], next);
      else stations.run();
    });
  }
  for (const type of READ_AGAIN) source.addEventListener(type, stations.run);
  for (const type of ["station.waiting", "station.changed"]) source.addEventListener(type, waiting);
  return () => {
    stations.cancel();
    source.close();
  };
}

/** Keeps the lists on the page true to the server's events; says whether the stream is open. */
export function useLive(): boolean {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  useEffect(() => listen(client, setOpen), [client]);
  return open;
}
