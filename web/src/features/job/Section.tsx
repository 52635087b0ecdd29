import { Stack, Title } from '@mantine/core';
import type { ReactNode } from 'react';

/** A part of what is told of a host of a job. */
export function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="xs" component="section" aria-label={title}>
      <Title order={3}>{title}</Title>
      {children}
    </Stack>
  );
}
