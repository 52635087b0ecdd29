import { Group } from '@mantine/core';
import { IconPlugOff } from '@tabler/icons-react';
import type { ZoneWorkers } from '../../api';
import { useNow } from '../lib/now';
import { formatDuration, formatInstant } from '../lib/time';
import { useZone } from '../lib/zone';

/** Whether nobody checks and patches the hosts of a zone; what newer servers say besides is no such thing. */
export const isUnserved = ({ state }: Pick<ZoneWorkers, 'state'>) => state === 'none';

/** That a zone has no worker, and since when; nothing where it has one. Without a zone it stands beside its name. */
export function NoWorker({ zone, workers }: { zone?: string; workers: ZoneWorkers }) {
  if (!isUnserved(workers)) return null;
  return (
    <Group gap={4} wrap="nowrap" align="flex-start" c="var(--caution)" fz="sm">
      <IconPlugOff size={16} aria-hidden style={{ flexShrink: 0, marginTop: 3 }} />
      <span>
        No worker {zone && `in zone ${zone} `}
        <Since at={workers.unserved_since} />
      </span>
    </Group>
  );
}

/** since Thu 2026-11-26 12:03:00 CET (4 min 10 s) */
export function Since({ at }: { at: string | null }) {
  const now = useNow();
  const { zone } = useZone();
  if (!at) return <span>within the last 30 days</span>;
  return (
    <span>
      since <time dateTime={at}>{formatInstant(at, zone)}</time> ({formatDuration(now - Date.parse(at))})
    </span>
  );
}
