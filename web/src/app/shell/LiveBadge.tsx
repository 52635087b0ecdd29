import { Group, Text, Tooltip } from '@mantine/core';
import { IconAccessPoint, IconAccessPointOff } from '@tabler/icons-react';
import { useStreamState } from '../../live/LiveProvider';

const looks = {
  connecting: { word: 'Connecting', color: 'var(--quiet)', says: 'Connecting to the stream of changes.' },
  live: { word: 'Live', color: 'var(--fine)', says: 'Every change is shown as it happens.' },
  lost: {
    word: 'Connection lost',
    color: 'var(--trouble)',
    says: 'What is shown may be out of date. It connects again by itself and catches up.',
  },
} as const;

/** Whether what is shown follows the server at this moment. */
export function LiveBadge() {
  const look = looks[useStreamState()];
  const Icon = look.word === 'Connection lost' ? IconAccessPointOff : IconAccessPoint;
  return (
    <Tooltip label={look.says}>
      <Group gap={4} wrap="nowrap" role="status" aria-live="polite">
        <Icon size={16} color={look.color} aria-hidden />
        <Text size="xs" c={look.color} visibleFrom={look.word === 'Connection lost' ? undefined : 'xs'}>
          {look.word}
        </Text>
      </Group>
    </Tooltip>
  );
}
