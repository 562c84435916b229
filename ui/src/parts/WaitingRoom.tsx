import { Button, Checkbox, Group, Modal, Paper, Stack, Text, Title } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { api, type Waiting } from "../api";
import { ago, countdown } from "../format";
import { useWords } from "../words";
import { Trouble } from "./Trouble";
import { useNow } from "./useNow";

const WINDOW_MINUTES = 10;
// A stranger that knocks again makes no event; its time is looked up now and then.
const LOOK_EVERY_MS = 30_000;

function JoiningWindow({ mayOrder }: { mayOrder: boolean }) {
  const { t } = useWords();
  const client = useQueryClient();
  const now = useNow(1_000);
  const state = useQuery({
    queryKey: ["joining-window"],
    queryFn: api.joiningWindow,
    refetchInterval: LOOK_EVERY_MS,
  });
  const set = useMutation({
    mutationFn: api.openJoiningWindow,
    onSuccess: (answer) => client.setQueryData(["joining-window"], answer),
  });
  const left = state.data?.until ? Date.parse(state.data.until) - now : 0;
  return (
    <Group gap="sm">
      {left > 0 && (
        <Text size="sm" fw={600} className="figure">
          {t("joining.left", { time: countdown(left) })}
        </Text>
      )}
      {mayOrder && (
        <Button
          size="xs"
          variant="default"
          loading={set.isPending}
          onClick={() => set.mutate(left > 0 ? 0 : WINDOW_MINUTES)}
        >
          {left > 0 ? t("joining.close") : t("joining.open")}
        </Button>
      )}
      {(set.error ?? state.error) && <Trouble error={set.error ?? state.error} />}
    </Group>
  );
}

function AcceptDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const { t } = useWords();
  const client = useQueryClient();
  const [all, setAll] = useState(false);
  const accept = useMutation({
    mutationFn: () => api.accept(id, all),
    onSuccess: onClose,
    onSettled: () => client.invalidateQueries(),
  });
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("waiting.accept.title", { id })}
      centered
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <Stack>
        <Text>{t("waiting.accept.text")}</Text>
        <Checkbox
          label={t("waiting.accept.all")}
          checked={all}
          onChange={(event) => setAll(event.currentTarget.checked)}
        />
        {accept.error && <Trouble error={accept.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            {t("cancel")}
          </Button>
          <Button loading={accept.isPending} onClick={() => accept.mutate()}>
            {t("waiting.accept")}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Stranger({ who, mayOrder }: { who: Waiting; mayOrder: boolean }) {
  const { t, language } = useWords();
  const client = useQueryClient();
  const now = useNow(LOOK_EVERY_MS);
  const [asking, setAsking] = useState(false);
  const ignore = useMutation({
    mutationFn: () => api.ignore(who.id),
    onSuccess: () => client.invalidateQueries({ queryKey: ["waiting-room"] }),
  });
  const what = [who.vendor, who.model].filter(Boolean).join(" ");
  return (
    <Group justify="space-between" gap="xs" data-waiting={who.id}>
      <div>
        <Text fw={600} className="sentence">
          {who.id}
          {what && ` · ${what}`}
        </Text>
        <Text size="sm" c="dimmed">
          {t("waiting.seen", { ago: ago(language, who.last_seen_at, now), address: who.address })}
        </Text>
      </div>
      {mayOrder && (
        <Group gap="xs">
          <Button size="xs" variant="default" loading={ignore.isPending} onClick={() => ignore.mutate()}>
            {t("waiting.ignore")}
          </Button>
          <Button size="xs" onClick={() => setAsking(true)}>
            {t("waiting.accept")}
          </Button>
        </Group>
      )}
      {ignore.error && <Trouble error={ignore.error} />}
      {asking && <AcceptDialog id={who.id} onClose={() => setAsking(false)} />}
    </Group>
  );
}

export function WaitingRoom({ mayOrder }: { mayOrder: boolean }) {
  const { t } = useWords();
  const room = useQuery({
    queryKey: ["waiting-room"],
    queryFn: api.waitingRoom,
    refetchInterval: LOOK_EVERY_MS,
  });
  return (
    <Paper withBorder p="md" component="section" aria-label={t("waiting.title")}>
      <Stack gap="sm">
        <Group justify="space-between" gap="xs">
          <Title order={2} size="h4">
            {t("waiting.title")}
          </Title>
          <JoiningWindow mayOrder={mayOrder} />
        </Group>
        {room.error && !room.data && <Trouble error={room.error} onRetry={() => void room.refetch()} />}
        {room.data?.length === 0 && <Text c="dimmed">{t("waiting.empty")}</Text>}
        {room.data?.map((who) => (
          <Stranger key={who.id} who={who} mayOrder={mayOrder} />
        ))}
      </Stack>
    </Paper>
  );
}
