import { List, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getFleetSummaryOptions } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { wallTime } from '../../shared/lib/time';
import { count } from '../../shared/lib/words';
import { useZone } from '../../shared/lib/zone';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { saveWindow } from './owner';

const lengths = [60, 120, 240, 480, 1440, 4320].map((m) => ({ value: `${m}`, label: `${m / 60} hours` }));

/** A blackout of the whole site that begins now: the emergency stop. */
export function StopDialog({ onClose }: { onClose: () => void }) {
  const { zone } = useZone();
  const outdate = useOutdate();
  const [minutes, setMinutes] = useState('240');
  const summary = useQuery(getFleetSummaryOptions());
  const stop = useMutation({
    mutationFn: () => {
      const now = wallTime(new Date(), zone);
      return saveWindow({ scope: 'site', id: '' }, undefined, {
        kind: 'blackout',
        label: 'Emergency stop',
        recurrence: 'once',
        time_zone: zone,
        starts_on: now.date,
        start_time: now.time.slice(0, 5),
        duration_minutes: Number(minutes),
      });
    },
    onSuccess: () => {
      void outdate('getCalendar', 'listSiteWindows');
      onClose();
    },
  });
  const { running = 0, ...waiting } = summary.data?.job_hosts ?? {};
  const held = Object.values(waiting).reduce((a, b) => a + b, 0);
  return (
    <ConfirmDialog
      opened
      onClose={onClose}
      title="Stop all patching now?"
      verb="Stop all patching"
      pending={stop.isPending}
      error={stop.error}
      onConfirm={() => stop.mutate()}
    >
      <Stack gap="xs">
        <List size="sm" spacing={4}>
          <List.Item>
            From now on no patch is started on any host of the site, in no window and by no immediate job
            {summary.data && `: ${count(held, 'waiting host')} of jobs ${held === 1 ? 'is' : 'are'} held`}.
          </List.Item>
          <List.Item>
            What was started goes on to its end, as a patch that is cut off leaves a host half patched
            {summary.data && `: ${count(running, 'host')} ${running === 1 ? 'runs' : 'run'}`}.
          </List.Item>
          <List.Item>A job whose window closes in the meantime fails for the hosts that it did not reach.</List.Item>
        </List>
        <Select label="For" data={lengths} value={minutes} onChange={(m) => m && setMinutes(m)} allowDeselect={false} />
        <Text size="sm">It is a blackout called Emergency stop. To let patching go on before, delete it here.</Text>
      </Stack>
    </ConfirmDialog>
  );
}
