import { Paper, SimpleGrid, Skeleton, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, type Station } from "../api";
import { power } from "../format";
import { useWords } from "../words";
import { StationCard } from "./StationCard";
import { Trouble } from "./Trouble";

/** One sentence about all of them. */
function Summary({ stations }: { stations: readonly Station[] }) {
  const { t, language } = useWords();
  const charging = stations
    .filter((station) => station.connected)
    .flatMap((station) => station.connectors)
    .filter((connector) => connector.evse > 0 && connector.status === "Charging");
  const count = charging.length;
  const total = power(
    language,
    charging.reduce((sum, connector) => sum + (connector.power_w ?? 0), 0),
  );
  const unmeasured = count > 0 && charging.every((connector) => connector.power_w === null);
  const known = count === 0 ? "summary.none" : count === 1 ? "summary.one" : "summary.many";
  const key = unmeasured ? "summary.unmeasured" : known;
  return (
    <Text size="lg" fw={600} className="figure">
      {t(key, { count, power: total })}
    </Text>
  );
}

/** The empty house: says what to do to fill it. */
function Empty() {
  const { t } = useWords();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  return (
    <Paper withBorder p="xl">
      <Title order={3} size="h4">
        {t("empty.title")}
      </Title>
      <Text mt="xs">{t("empty.text")}</Text>
      <Text mt="xs" ff="monospace" fw={600} className="sentence">
        {scheme}://{location.hostname}:9000/…
      </Text>
    </Paper>
  );
}

export function Stations({ mayOrder }: { mayOrder: boolean }) {
  const { t } = useWords();
  const stations = useQuery({ queryKey: ["stations"], queryFn: api.stations });
  const list = stations.data;
  return (
    <Stack component="section" aria-label={t("chargers")}>
      {stations.error && !list && <Trouble error={stations.error} onRetry={() => void stations.refetch()} />}
      {!list && !stations.error && <Skeleton height={140} aria-label={t("chargers")} />}
      {list?.length === 0 && <Empty />}
      {list && list.length > 0 && (
        <>
          <Summary stations={list} />
          <SimpleGrid cols={{ base: 1, md: 2 }} spacing="md">
            {list.map((station) => (
              <StationCard key={station.id} station={station} mayOrder={mayOrder} />
            ))}
          </SimpleGrid>
        </>
      )}
    </Stack>
  );
}
