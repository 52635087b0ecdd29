import { Center, Group, Paper, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';

/** The frame of the pages before somebody is signed in. */
export function Welcome({ title, children }: { title: string; children: ReactNode }) {
  useDocumentTitle(`${title} · Patch Manager`);
  return (
    <Center mih="100vh" p="md" component="main">
      <Paper withBorder p="xl" w="100%" maw={380}>
        <Group gap="sm" mb="lg">
          <img src="/favicon.svg" width={28} height={28} alt="" />
          <Title order={1}>{title}</Title>
        </Group>
        {children}
      </Paper>
    </Center>
  );
}
