import { List, Select, Stack, Text } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { getFleetSummaryOptions } from '../../api';
import { useOutdate } from '../../shared/lib/outdate';
import { count } from '../../shared/lib/words';
import { ConfirmDialog } from '../../shared/ui/ConfirmDialog';
import { stopPatching } from './stop';

const lengths = [60, 120, 240, 480, 1440, 4320].map((m) => ({ value: `${m}`, label: count(m / 60, 'hour') }));

/** A blackout of the whole site that begins now: the emergency stop. */
export function StopDialog({ onClose }: { onClose: () => void }) {
  const outdate = useOutdate();
  const [minutes, setMinutes] = useState('240');
  const summary = useQuery(getFleetSummaryOptions());
  const stop = useMutation({
    mutationFn: () => stopPatching(Number(minutes)),
    onSuccess: onClose,
    onSettled: () => void outdate('getCalendar', 'listSiteWindows'),
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
