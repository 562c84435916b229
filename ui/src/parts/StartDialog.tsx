import { Alert, Autocomplete, Button, Group, Modal, Stack } from "@mantine/core";
import { useMutation, useQuery } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, type Connector, type Station, type Token } from "../api";
import { useWords } from "../words";
import { Trouble, told } from "./Trouble";

const shown = (token: Token) => (token.name ? `${token.name} · ${token.id_token}` : token.id_token);

/** Asks for which tag the charging shall be, and tells how the charger took it. */
export function StartDialog({
  station,
  connector,
  alone,
  onClose,
}: {
  station: Station;
  connector: Connector;
  alone: boolean;
  onClose: () => void;
}) {
  const words = useWords();
  const { t } = words;
  const [text, setText] = useState("");
  const tokens = useQuery({ queryKey: ["tokens"], queryFn: api.tokens });
  const usable = (tokens.data ?? []).filter((token) => token.status === "Accepted");
  const start = useMutation({ mutationFn: (token: string) => api.start(station.id, connector.evse, token) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const chosen = usable.find((token) => shown(token) === text);
    start.mutate(chosen?.id_token ?? text.trim());
  };
  const accepted = start.data?.result === "accepted";
  const name = station.name || station.id;
  const place = alone ? name : `${name}, ${t("connector", { number: connector.evse })}`;
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("start.title", { place })}
      centered
      closeButtonProps={{ "aria-label": t("close") }}
    >
      <form onSubmit={submit}>
        <Stack>
          <Autocomplete
            label={t("start.who")}
            description={t("start.hint")}
            data={[...new Set(usable.map(shown))]}
            value={text}
            onChange={setText}
            limit={20}
            required
            data-autofocus
          />
          {start.error && <Trouble error={start.error} />}
          {start.data && (
            <Alert color={accepted ? "teal" : "orange"} role="status">
              {accepted ? t("start.sent") : told(words, start.data)}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              {accepted ? t("close") : t("cancel")}
            </Button>
            {!accepted && (
              <Button type="submit" loading={start.isPending} disabled={!text.trim()}>
                {t("start")}
              </Button>
            )}
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
