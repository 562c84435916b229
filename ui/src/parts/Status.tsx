import { Group, Text } from "@mantine/core";
import { useWords } from "../words";
import { Icon, type IconName } from "./icons";

const LOOKS: Record<string, { colour: string; icon: IconName }> = {
  Available: { colour: "teal", icon: "check" },
  Preparing: { colour: "indigo", icon: "plug" },
  Charging: { colour: "blue", icon: "bolt" },
  SuspendedEV: { colour: "orange", icon: "car" },
  SuspendedEVSE: { colour: "orange", icon: "pause" },
  Finishing: { colour: "cyan", icon: "flag" },
  Reserved: { colour: "grape", icon: "bookmark" },
  Unavailable: { colour: "gray", icon: "forbidden" },
  Faulted: { colour: "red", icon: "warning" },
  Offline: { colour: "gray", icon: "cloudOff" },
};
const UNKNOWN = { colour: "gray", icon: "warning" } as const;

/** What a connector does: colour, icon and word, so that none has to be told by its colour alone. */
export function Status({ status }: { status: string }) {
  const { of } = useWords();
  const { colour, icon } = LOOKS[status] ?? UNKNOWN;
  return (
    <Group
      gap={6}
      wrap="nowrap"
      px={10}
      py={3}
      bg={`var(--mantine-color-${colour}-light)`}
      style={{ borderRadius: 999, color: `var(--mantine-color-${colour}-light-color)` }}
      data-status={status}
    >
      <Icon name={icon} size={16} />
      <Text size="sm" fw={600} c="var(--mantine-color-text)">
        {of("status", status)}
      </Text>
    </Group>
  );
}
