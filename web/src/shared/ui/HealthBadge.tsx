import { Group, Text } from '@mantine/core';
import { IconCircleCheck, IconCircleDashed, IconCircleX, IconHelpCircle } from '@tabler/icons-react';
import type { ReactNode } from 'react';

const looks: Record<string, { icon: typeof IconCircleCheck; color: string; word: string }> = {
  healthy: { icon: IconCircleCheck, color: 'var(--fine)', word: 'Healthy' },
  unhealthy: { icon: IconCircleX, color: 'var(--trouble)', word: 'Unhealthy' },
  error: { icon: IconCircleX, color: 'var(--trouble)', word: 'Error' },
  unknown: { icon: IconHelpCircle, color: 'var(--quiet)', word: 'Unknown' },
  none: { icon: IconCircleDashed, color: 'var(--quiet)', word: 'No checks' },
};

/** What a state of health is called; one that this UI does not know yet by its own name. */
export const healthWord = (state: string) => looks[state]?.word ?? state;

interface Props {
  state: string;
  /** The result is older than two polls: it tells how things were. */
  stale?: boolean;
  /** Counts or ages beside the word. */
  children?: ReactNode;
}

/** Health as icon, word and colour. A stale one looks it. */
export function HealthBadge({ state, stale = false, children }: Props) {
  const look = looks[state] ?? { icon: IconHelpCircle, color: 'var(--quiet)', word: state };
  const color = stale ? 'var(--quiet)' : look.color;
  return (
    <Group gap={6} wrap="nowrap" component="span" display="inline-flex" style={{ verticalAlign: 'middle' }}>
      <look.icon size={16} color={color} aria-hidden style={{ flexShrink: 0 }} />
      <Text span size="sm" c={color} fw={500} td={stale ? 'underline dotted' : undefined}>
        {look.word}
        {stale && ' (stale)'}
      </Text>
      {children && (
        <Text span size="xs" c="dimmed">
          {children}
        </Text>
      )}
    </Group>
  );
}
