import { Alert, Box, Button, Container, Group, Image, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { api, type Me } from "../api";
import { useLive } from "../live";
import { Messages } from "../parts/Messages";
import { Preferences } from "../parts/Preferences";
import { Stations } from "../parts/Stations";
import { WaitingRoom } from "../parts/WaitingRoom";
import { useWords } from "../words";

function Pulse({ live }: { live: boolean }) {
  const { t } = useWords();
  const colour = live ? "var(--mantine-color-teal-6)" : "var(--mantine-color-orange-6)";
  return (
    <Group gap={6} wrap="nowrap" role="status">
      <Box w={10} h={10} style={{ borderRadius: 999, background: colour }} />
      <Text size="sm" c="dimmed">
        {live ? t("live") : t("reconnecting")}
      </Text>
    </Group>
  );
}

function Header({ me, live }: { me: Me; live: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const logout = useMutation({ mutationFn: api.logout, onSettled: () => client.resetQueries() });
  return (
    <Box
      component="header"
      bg="var(--mantine-color-body)"
      style={{ borderBottom: "1px solid var(--mantine-color-default-border)" }}
    >
      <Container size="xl" py="xs">
        <Group justify="space-between" gap="sm">
          <Group gap="sm" wrap="nowrap">
            <Image src="/favicon.svg" alt="" w={28} h={28} />
            <Title order={1} size="h4">
              Ostler
            </Title>
            <Pulse live={live} />
          </Group>
          <Group gap="xs">
            <Preferences />
            {me.kind === "user" && (
              <Button size="xs" variant="default" loading={logout.isPending} onClick={() => logout.mutate()}>
                {t("logout")}
              </Button>
            )}
          </Group>
        </Group>
      </Container>
    </Box>
  );
}

/** The first page: what charges, who waits, and what stations say. */
export function House({ me }: { me: Me }) {
  const { t } = useWords();
  const live = useLive();
  const mayOrder = me.role !== "viewer";
  return (
    <>
      <Header me={me} live={live} />
      <Container size="xl" py="md" component="main">
        <Stack gap="lg">
          {me.kind === "demo" && (
            <Alert color="blue" p="xs">
              {t("demo")}
            </Alert>
          )}
          <Stations mayOrder={mayOrder} />
          <WaitingRoom mayOrder={mayOrder} />
          <Messages />
        </Stack>
      </Container>
    </>
  );
}
