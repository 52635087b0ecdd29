import { Code, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface Props {
  title: string;
  /** What this is. */
  children: ReactNode;
  /** The one next thing to do. */
  action?: ReactNode;
  /** The same by the API, as a command. */
  command?: string;
}

/** What stands where there is nothing yet. */
export function EmptyState({ title, children, action, command }: Props) {
  return (
    <Paper withBorder p="xl" my="md">
      <Stack align="flex-start" gap="sm" maw={640}>
        <Title order={2}>{title}</Title>
        <Text size="sm">{children}</Text>
        {action}
        {command && (
          <Code block w="100%" tabIndex={0} aria-label="The same by the API">
            {command}
          </Code>
        )}
      </Stack>
    </Paper>
  );
}
