import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { api, type LiveMessage } from "./api";

const KEPT = 200;
const DRAW_EVERY_MS = 250;

/** Newest first, each message once, no more than `limit`. */
export function merged(
  newer: readonly LiveMessage[],
  older: readonly LiveMessage[],
  limit = KEPT,
): LiveMessage[] {
  const byId = new Map<number, LiveMessage>();
  for (const message of [...newer, ...older]) if (!byId.has(message.id)) byId.set(message.id, message);
  return [...byId.values()].sort((one, other) => other.id - one.id).slice(0, limit);
}

/** The last messages of `station` (empty: of all), growing while `running`. Key what uses it by the station. */
export function useTail(station: string, running: boolean) {
  const client = useQueryClient();
  const first = useQuery({
    queryKey: ["messages", station],
    queryFn: () => api.messages(station),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const [live, setLive] = useState<LiveMessage[]>([]);
  useEffect(() => {
    if (!running) return;
    const source = new EventSource(api.events(["message.logged"], station));
    // A busy house logs thousands a second; the page is drawn four times in it.
    let arrived: LiveMessage[] = [];
    // What was logged while nobody listened, or faster than the page reads, is read from the log.
    const readAgain = () => void client.invalidateQueries({ queryKey: ["messages", station] });
    source.addEventListener("hello", readAgain);
    source.addEventListener("lost", readAgain);
    source.addEventListener("message.logged", (event) => {
      arrived.push(JSON.parse(event.data as string) as LiveMessage);
      if (arrived.length > KEPT) arrived = arrived.slice(-KEPT);
    });
    const timer = setInterval(() => {
      if (arrived.length === 0) return;
      const batch = arrived.reverse();
      arrived = [];
      setLive((before) => merged(batch, before));
    }, DRAW_EVERY_MS);
    return () => {
      clearInterval(timer);
      source.close();
    };
  }, [client, station, running]);
  const messages = useMemo(() => merged(live, first.data ?? []), [live, first.data]);
  return { messages, error: first.error, retry: () => void first.refetch() };
}
