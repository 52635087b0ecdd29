import { Button, Group, Stack, Switch, Text, TextInput } from '@mantine/core';
import { IconDownload, IconSearch } from '@tabler/icons-react';
import { useDeferredValue, useMemo, useState } from 'react';
import type { JobHost, LogLine } from '../../../api';
import { ProblemAlert } from '../../../shared/ui/ProblemAlert';
import { hasEnded } from '../steps';
import { download } from './download';
import { LogLines } from './LogLines';
import { useLog } from './useLog';

/** What the host printed, live: follow, wrap, search and download. */
export function LogView({ host }: { host: JobHost }) {
  const log = useLog(host);
  const [typed, setTyped] = useState('');
  const [wrap, setWrap] = useState(false);
  const [follow, setFollow] = useState(!hasEnded(host.status));
  const q = useDeferredValue(typed.trim().toLowerCase());
  const lines = log.data?.lines ?? [];
  const shown = useMemo(() => matching(lines, q), [lines, q]);
  return (
    <Stack gap="xs">
      <Group gap="sm">
        <TextInput
          aria-label="Search the output"
          placeholder="Search the output"
          size="xs"
          leftSection={<IconSearch size={14} aria-hidden />}
          value={typed}
          onChange={(e) => setTyped(e.currentTarget.value)}
          w={200}
        />
        <Switch size="xs" label="Follow" checked={follow} onChange={(e) => setFollow(e.currentTarget.checked)} />
        <Switch size="xs" label="Wrap" checked={wrap} onChange={(e) => setWrap(e.currentTarget.checked)} />
        <Button
          size="xs"
          variant="default"
          leftSection={<IconDownload size={14} aria-hidden />}
          disabled={lines.length === 0}
          onClick={() => download(`${host.fqdn}-${host.job_id.slice(-8)}.log`, lines)}
        >
          Download
        </Button>
      </Group>
      <ProblemAlert error={log.error} />
      {lines.length > 0 && (
        <LogLines lines={shown} q={q} wrap={wrap} follow={follow} onLeave={() => setFollow(false)} />
      )}
      <Text size="xs" c="dimmed" role="status">
        {state(host, lines.length, shown.length, log.data?.ended ?? false)}
      </Text>
    </Stack>
  );
}

function matching(lines: LogLine[], q: string): LogLine[] {
  return q ? lines.filter((l) => l.line.toLowerCase().includes(q)) : lines;
}

function state(host: JobHost, all: number, shown: number, ended: boolean): string {
  const counted = shown === all ? `${all} ${all === 1 ? 'line' : 'lines'}` : `${shown} of ${all} lines match`;
  if (all === 0 && ended) return 'The host printed nothing.';
  if (all === 0)
    return host.status === 'running' ? 'Nothing printed yet.' : 'Nothing yet: the host is not being patched.';
  return ended ? `${counted}, complete` : `${counted} so far`;
}
