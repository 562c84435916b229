import {
  Badge,
  Button,
  Code,
  Collapse,
  Group,
  NativeSelect,
  Paper,
  SimpleGrid,
  Stack,
  Text,
  Title,
  UnstyledButton,
} from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { memo, useState } from "react";
import { useSearchParams } from "wouter";
import { api, type LiveMessage } from "../api";
import { pretty, time } from "../format";
import { useTail } from "../tail";
import { useWords } from "../words";
import { Trouble } from "./Trouble";

const SHOWN = 50;

function Payload({ label, text }: { label: string; text: string }) {
  return (
    <div>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Code block className="payload">
        {text ? pretty(text) : "–"}
      </Code>
    </div>
  );
}

const Line = memo(function Line({ message }: { message: LiveMessage }) {
  const { t, of, language } = useWords();
  const [open, setOpen] = useState(false);
  const inwards = message.direction === "in";
  const good = message.outcome === "answered";
  return (
    <div data-message={message.id}>
      <UnstyledButton className="message" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Group style={{ gap: "2px 12px" }}>
          <Text size="sm" c="dimmed" className="figure">
            {time(language, message.at, Date.now(), true)}
          </Text>
          <Text size="sm" fw={600} title={t(inwards ? "messages.in" : "messages.out")}>
            <span aria-hidden="true">{inwards ? "→ " : "← "}</span>
            {message.action || "–"}
          </Text>
          <Text size="sm" className="sentence">
            {message.station}
          </Text>
          {message.deviations > 0 && (
            <Badge
              color="orange"
              variant="outline"
              title={t("messages.deviations", { count: message.deviations })}
            >
              ±{message.deviations}
            </Badge>
          )}
          <Text size="sm" ml="auto" c={good ? "dimmed" : "red"} className="figure">
            {of("outcome", message.outcome)}
            {message.latency_ms != null && ` · ${Math.max(1, Math.round(message.latency_ms))} ms`}
          </Text>
        </Group>
      </UnstyledButton>
      <Collapse expanded={open}>
        {open && (
          <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="xs" px="xs" pb="xs">
            <Payload label={t("messages.request")} text={message.request} />
            <Payload label={t("messages.response")} text={message.response} />
          </SimpleGrid>
        )}
      </Collapse>
    </div>
  );
});

function Tail({ station, running }: { station: string; running: boolean }) {
  const { t } = useWords();
  const { messages, error, retry } = useTail(station, running);
  return (
    <>
      {error && <Trouble error={error} onRetry={retry} />}
      {messages.length === 0 && !error && <Text c="dimmed">{t("messages.empty")}</Text>}
      <div>
        {messages.slice(0, SHOWN).map((message) => (
          <Line key={message.id} message={message} />
        ))}
      </div>
    </>
  );
}

/** The live tail of the OCPP log. Which station it shows stands in the page's address. */
export function Messages() {
  const { t } = useWords();
  const [search, setSearch] = useSearchParams();
  const [running, setRunning] = useState(true);
  const station = search.get("messages") ?? "";
  const stations = useQuery({ queryKey: ["stations"], queryFn: api.stations });
  const choose = (chosen: string) => setSearch(chosen ? { messages: chosen } : {}, { replace: true });
  return (
    <Paper withBorder p="md" component="section" aria-label={t("messages.title")}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4">
            {t("messages.title")}
          </Title>
          <Group gap="xs">
            <NativeSelect
              size="xs"
              aria-label={t("charger")}
              value={station}
              onChange={(event) => choose(event.currentTarget.value)}
              data={[
                { value: "", label: t("messages.all") },
                ...(stations.data ?? []).map(({ id, name }) => ({ value: id, label: name || id })),
              ]}
            />
            <Button size="xs" variant="default" onClick={() => setRunning(!running)}>
              {running ? t("messages.pause") : t("messages.resume")}
            </Button>
          </Group>
        </Group>
        <Tail key={station} station={station} running={running} />
      </Stack>
    </Paper>
  );
}
