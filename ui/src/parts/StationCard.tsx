import { Alert, Button, Divider, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Fragment } from "react";
import { api, type Station } from "../api";
import { ago } from "../format";
import { useWords } from "../words";
import { ConnectorRow } from "./ConnectorRow";
import { Status } from "./Status";
import { Trouble } from "./Trouble";
import { useNow } from "./useNow";

/** A new station authorises nobody; this is the one click that changes it. */
function NobodyMayCharge({ station, mayOrder }: { station: Station; mayOrder: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const allow = useMutation({
    mutationFn: () => api.allowAllTokens(station.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ["stations"] }),
  });
  return (
    <Alert color="orange" p="xs">
      <Group justify="space-between" gap="xs">
        <Text size="sm">{t("authorization.none")}</Text>
        {mayOrder && (
          <Button size="xs" variant="default" loading={allow.isPending} onClick={() => allow.mutate()}>
            {t("authorization.allow")}
          </Button>
        )}
      </Group>
      {allow.error && <Trouble error={allow.error} />}
    </Alert>
  );
}

function Absent({ station }: { station: Station }) {
  const { of, t, language } = useWords();
  const now = useNow(30_000);
  return (
    <Group justify="space-between" gap="xs">
      <Status status="Offline" />
      <Text size="sm" c="dimmed">
        {station.last_seen_at
          ? of("why", "Offline", { ago: ago(language, station.last_seen_at, now) })
          : t("why.never")}
      </Text>
    </Group>
  );
}

export function StationCard({ station, mayOrder }: { station: Station; mayOrder: boolean }) {
  const what = [station.vendor, station.model].filter(Boolean).join(" ");
  const whole = station.connectors.find((connector) => connector.evse === 0);
  const places = station.connectors.filter((connector) => connector.evse > 0);
  // Of an absent station only what was running is worth a line; its states may have changed since.
  const shown = station.connected ? places : places.filter((connector) => connector.transaction_id !== null);
  const odd = station.connected && whole && whole.status !== "Available";
  return (
    <Paper
      withBorder
      p="md"
      component="article"
      aria-label={station.name || station.id}
      data-station={station.id}
    >
      <Stack gap="sm">
        <Group justify="space-between" gap="xs" align="baseline">
          <Title order={2} size="h4" className="sentence">
            {station.name || station.id}
          </Title>
          <Text size="sm" c="dimmed" className="sentence">
            {station.name ? `${station.id} · ${what}` : what}
          </Text>
        </Group>
        {odd && <Status status={whole.status} />}
        {station.authorization === "none" && <NobodyMayCharge station={station} mayOrder={mayOrder} />}
        {!station.connected && <Absent station={station} />}
        {shown.map((connector, index) => (
          <Fragment key={`${connector.evse}.${connector.connector}`}>
            {(index > 0 || !station.connected) && <Divider />}
            <ConnectorRow
              station={station}
              connector={connector}
              alone={places.length === 1}
              mayOrder={mayOrder}
            />
          </Fragment>
        ))}
      </Stack>
    </Paper>
  );
}
