import { Alert, Box, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Connector, type Station } from "../api";
import { energy, power, time } from "../format";
import { useWords, type Words } from "../words";
import { Icon } from "./icons";
import { StartDialog } from "./StartDialog";
import { Status } from "./Status";
import { Trouble, told } from "./Trouble";

/** One plain sentence why it is as it is. */
function why({ of, t, language }: Words, connector: Connector): string {
  if (connector.status === "Charging" && connector.power_w === null) return t("why.unmeasured");
  return of("why", connector.status, {
    power: power(language, connector.power_w ?? 0),
    error:
      [connector.error_code, connector.info].filter((text) => text && text !== "NoError").join(", ") || "?",
  });
}

function Figure({ label, children }: { label: string; children: string }) {
  return (
    <Box>
      <Text size="xs" c="dimmed">
        {label}
      </Text>
      <Text fw={600} className="figure sentence">
        {children}
      </Text>
    </Box>
  );
}

function Session({ connector }: { connector: Connector }) {
  const { t, language } = useWords();
  return (
    <Group style={{ gap: "8px 28px" }}>
      <Figure label={t("power")}>
        {connector.power_w == null ? "–" : power(language, connector.power_w)}
      </Figure>
      <Figure label={t("energy")}>
        {connector.session_energy_wh == null ? "–" : energy(language, connector.session_energy_wh)}
      </Figure>
      <Figure label={t("user")}>{connector.user || connector.id_token || "–"}</Figure>
      {connector.started_at && (
        <Figure label={t("since")}>{time(language, connector.started_at, Date.now())}</Figure>
      )}
    </Group>
  );
}

function StopButton({ station, transaction }: { station: Station; transaction: number }) {
  const words = useWords();
  const { t } = words;
  const stop = useMutation({ mutationFn: () => api.stop(station.id, transaction) });
  const accepted = stop.data?.result === "accepted";
  return (
    <Stack gap="xs">
      <Button
        variant="default"
        leftSection={<Icon name="stop" />}
        loading={stop.isPending}
        onClick={() => stop.mutate()}
      >
        {t("stop")}
      </Button>
      {stop.error && <Trouble error={stop.error} />}
      {stop.data && (
        <Alert color={accepted ? "teal" : "orange"} p="xs" role="status">
          {accepted ? t("stop.sent") : told(words, stop.data)}
        </Alert>
      )}
    </Stack>
  );
}

interface Props {
  station: Station;
  connector: Connector;
  /** The station has no other one, so that its number says nothing. */
  alone: boolean;
  mayOrder: boolean;
}

export function ConnectorRow({ station, connector, alone, mayOrder }: Props) {
  const words = useWords();
  const { t } = words;
  const [asking, setAsking] = useState(false);
  const title = t("connector", { number: connector.evse });
  const running = connector.transaction_id;
  const startable = station.connected && ["Available", "Preparing", "Reserved"].includes(connector.status);
  return (
    <Stack gap="xs" data-connector={connector.evse}>
      <Group justify="space-between" gap="xs">
        <Group gap="sm">
          {!alone && <Text fw={600}>{title}</Text>}
          {station.connected && <Status status={connector.status} />}
        </Group>
        {mayOrder && station.connected && running !== null && (
          <StopButton key={running} station={station} transaction={running} />
        )}
        {mayOrder && running === null && startable && (
          <Button leftSection={<Icon name="play" />} onClick={() => setAsking(true)}>
            {t("start")}
          </Button>
        )}
      </Group>
      {station.connected && (
        <Text size="sm" c="dimmed" className="figure sentence">
          {why(words, connector)}
        </Text>
      )}
      {running !== null && <Session connector={connector} />}
      {asking && (
        <StartDialog station={station} connector={connector} alone={alone} onClose={() => setAsking(false)} />
      )}
    </Stack>
  );
}
