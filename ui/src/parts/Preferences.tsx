import {
  ActionIcon,
  Group,
  NativeSelect,
  useComputedColorScheme,
  useMantineColorScheme,
} from "@mantine/core";
import { useWords } from "../words";
import { CATALOGS, isLanguage } from "../words/catalogs";
import { Icon } from "./icons";

/** Language, and light or dark. Both start as the browser wishes and are remembered once changed. */
export function Preferences() {
  const { t, language, setLanguage } = useWords();
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme("light");
  return (
    <Group gap="xs" wrap="nowrap">
      <NativeSelect
        aria-label={t("languageChoice")}
        size="xs"
        value={language}
        onChange={(event) => {
          if (isLanguage(event.currentTarget.value)) setLanguage(event.currentTarget.value);
        }}
        data={Object.entries(CATALOGS).map(([value, catalog]) => ({ value, label: catalog.language }))}
      />
      <ActionIcon
        variant="default"
        size="md"
        aria-label={t("theme")}
        onClick={() => setColorScheme(scheme === "dark" ? "light" : "dark")}
      >
        <Icon name={scheme === "dark" ? "sun" : "moon"} />
      </ActionIcon>
    </Group>
  );
}
