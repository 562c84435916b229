import { Alert, Button, Group } from "@mantine/core";
import { type CommandResult, Problem } from "../api";
import { useWords, type Words } from "../words";
import { Icon } from "./icons";

/** What went wrong, as a sentence for people. */
export function explain(words: Words, error: unknown): string {
  if (error instanceof Problem) {
    return error.status === 0 ? words.t("error.network") : words.t("error.other", { detail: error.message });
  }
  return words.t("error.other", { detail: String(error) });
}

/** How a charger took an order, with its own reason where it gave one. */
export function told({ of }: Words, { result, detail }: CommandResult): string {
  return [of("result", result), detail].filter(Boolean).join(" ");
}

export function Trouble({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const words = useWords();
  return (
    <Alert color="red" icon={<Icon name="warning" />} role="alert">
      <Group justify="space-between">
        {explain(words, error)}
        {onRetry && (
          <Button size="xs" variant="default" onClick={onRetry}>
            {words.t("retry")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
