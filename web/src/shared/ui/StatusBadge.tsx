import { Group, Text } from '@mantine/core';
import {
  IconAlertTriangle,
  IconBan,
  IconCalendarClock,
  IconCheck,
  IconClock,
  IconHeartbeat,
  IconHelpCircle,
  IconLoader,
  IconPlayerSkipForward,
  IconTrafficLights,
  IconX,
} from '@tabler/icons-react';

const looks: Record<string, { icon: typeof IconCheck; color: string; word: string }> = {
  queued: { icon: IconClock, color: 'var(--quiet)', word: 'Queued' },
  waiting_window: { icon: IconCalendarClock, color: 'var(--quiet)', word: 'Waiting for window' },
  waiting_health_check: { icon: IconHeartbeat, color: 'var(--caution)', word: 'Waiting for health' },
  waiting_slot: { icon: IconTrafficLights, color: 'var(--quiet)', word: 'Waiting for a slot' },
  running: { icon: IconLoader, color: 'var(--accent)', word: 'Running' },
  succeeded: { icon: IconCheck, color: 'var(--fine)', word: 'Succeeded' },
  partially_succeeded: { icon: IconAlertTriangle, color: 'var(--caution)', word: 'Partially succeeded' },
  failed: { icon: IconX, color: 'var(--trouble)', word: 'Failed' },
  cancelled: { icon: IconBan, color: 'var(--quiet)', word: 'Cancelled' },
  skipped: { icon: IconPlayerSkipForward, color: 'var(--quiet)', word: 'Skipped' },
  indeterminate: { icon: IconHelpCircle, color: 'var(--caution)', word: 'Indeterminate' },
};

/** What a status is called; one that this UI does not know yet by its own name. */
export const statusWord = (status: string) => looks[status]?.word ?? status.replaceAll('_', ' ');

/** The statuses that may still change, the ones that want somebody first. */
export const unfinished = [
  'indeterminate',
  'waiting_health_check',
  'running',
  'waiting_slot',
  'waiting_window',
  'queued',
] as const;

/** Status of a job or of one of its hosts as icon, word and colour. */
export function StatusBadge({ status, phase }: { status: string; phase?: string | null }) {
  const look = looks[status] ?? { icon: IconHelpCircle, color: 'var(--quiet)' };
  return (
    <Group gap={6} wrap="nowrap" component="span" display="inline-flex" style={{ verticalAlign: 'middle' }}>
      <look.icon size={16} color={look.color} aria-hidden style={{ flexShrink: 0 }} />
      <Text span size="sm" c={look.color} fw={500}>
        {statusWord(status)}
        {phase && `: ${phase}`}
      </Text>
    </Group>
  );
}
