import { Group, Paper, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import classes from './Caution.module.css';

/** Something to know before going on, which is no error. */
export function Caution({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="sm" className={classes.caution} role="note" aria-label={title}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <IconAlertTriangle size={18} color="var(--caution)" aria-hidden className={classes.icon} />
        <Stack gap={4} miw={0}>
          <Text size="sm" fw={600} c="var(--caution)">
            {title}
          </Text>
          {children}
        </Stack>
      </Group>
    </Paper>
  );
}
