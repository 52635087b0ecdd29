import { Group, Text, Tooltip } from '@mantine/core';
import { IconClockExclamation } from '@tabler/icons-react';
import { useClockAhead } from '../../shared/lib/now';
import { formatDuration } from '../../shared/lib/time';

/** Says that the times of this page are not those of this computer. */
export function ClockCaution() {
  const ahead = useClockAhead();
  if (ahead === 0) return null;
  const off = `${formatDuration(Math.abs(ahead))} ${ahead > 0 ? 'ahead of' : 'behind'} the server`;
  const says = `This computer's clock is ${off}; times here follow the server.`;
  return (
    <Tooltip label={says}>
      <Group gap={4} wrap="nowrap" role="note" aria-label={says} tabIndex={0}>
        <IconClockExclamation size={16} color="var(--caution)" aria-hidden />
        <Text size="xs" c="var(--caution)" visibleFrom="md">
          Clock is off
        </Text>
      </Group>
    </Tooltip>
  );
}
