import { Center, Group, Image, Paper, Stack, Title } from "@mantine/core";
import type { ReactNode } from "react";
import { Preferences } from "../parts/Preferences";

/** The frame of the pages before the door: login and first run. */
export function Doorstep({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Center mih="100vh" p="md">
      <Paper withBorder p="xl" w="100%" maw={420} component="main">
        <Stack>
          <Group justify="space-between" wrap="nowrap">
            <Group gap="sm" wrap="nowrap">
              <Image src="/favicon.svg" alt="" w={32} h={32} />
              <Title order={1} size="h3">
                {title}
              </Title>
            </Group>
          </Group>
          {children}
          <Group justify="center">
            <Preferences />
          </Group>
        </Stack>
      </Paper>
    </Center>
  );
}
