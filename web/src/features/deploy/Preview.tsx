import { Group, List, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import type { JobInput, JobPreview, PreviewHost } from '../../api';
import { durationInWords } from '../../shared/lib/time';
import { count as counted } from '../../shared/lib/words';
import { Caution } from '../../shared/ui/Caution';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { Span } from '../../shared/ui/Time';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { columns } from './previewColumns';
import { useDefaults } from './useDefaults';

const healthy = (host: PreviewHost) => host.health.state === 'healthy' || host.health.state === 'none';
const id = (host: PreviewHost) => host.host_id;

interface Props {
  preview: JobPreview;
  /** Those that are read, the worst first. */
  hosts: PreviewHost[];
  onView: (first: number, last: number) => void;
  body: JobInput;
  /** What can be done about it. */
  action: ReactNode;
}

/** What the job would mean: for each host its health, when it would start, or why it would not. */
export function Preview({ preview, hosts, onView, body, action }: Props) {
  const waiting = preview.health.unhealthy + preview.health.unknown;
  return (
    <Stack gap="sm" component="section" aria-label="Preview">
      <Group justify="space-between" gap="xs">
        <Title order={2}>
          {counted(preview.hosts, 'host')}
          {preview.excluded > 0 && `, of which ${preview.excluded} would not be patched`}
        </Title>
        {action}
      </Group>
      <Excluded count={preview.excluded} hosts={hosts.filter((h) => h.excluded)} />
      <Unhealthy count={waiting} hosts={hosts.filter((h) => !healthy(h))} body={body} />
      <VirtualTable
        label="What the job would mean"
        columns={columns}
        rows={hosts}
        rowId={id}
        total={preview.hosts}
        onView={onView}
      />
    </Stack>
  );
}

const named = 8;

/** Names those that are not healthy now, and until when they would wait for it. */
function Unhealthy({ count, hosts, body }: { count: number; hosts: PreviewHost[]; body: JobInput }) {
  const defaults = useDefaults();
  if (count === 0) return null;
  return (
    <Caution title={`${counted(count, 'host')} not healthy now`}>
      <Text size="sm" mb={4}>
        {count === 1 ? 'It waits' : 'They wait'} at the gate and nothing is sent, until every health check passes
        {body.immediate
          ? `, at most ${durationInWords(body.gate_timeout ?? defaults?.gate_timeout ?? '')}; then it is failed.`
          : '; a host that is still unhealthy at the last start of its window is failed.'}
      </Text>
      <List size="sm">
        {hosts.slice(0, named).map((h) => (
          <List.Item key={h.host_id}>
            <b>{h.fqdn}</b> <HealthBadge state={h.health.state} stale={h.health.stale} />
            {h.span && (
              <>
                , window <Span from={h.span.starts_at} to={h.span.ends_at} />
              </>
            )}
          </List.Item>
        ))}
        <More count={count - Math.min(hosts.length, named)} />
      </List>
    </Caution>
  );
}

function Excluded({ count, hosts }: { count: number; hosts: PreviewHost[] }) {
  if (count === 0) return null;
  return (
    <Caution title="Would not be patched as things are">
      <List size="sm">
        {hosts.slice(0, named).map((h) => (
          <List.Item key={h.host_id}>
            <b>{h.fqdn}</b>: {h.excluded?.detail}
          </List.Item>
        ))}
        <More count={count - Math.min(hosts.length, named)} />
      </List>
    </Caution>
  );
}

function More({ count }: { count: number }) {
  return count > 0 && <List.Item>and {count} more, first in the table</List.Item>;
}
