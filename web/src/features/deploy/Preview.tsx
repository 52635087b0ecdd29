import { Group, List, Stack, Text, Title } from '@mantine/core';
import { type ReactNode, useMemo } from 'react';
import type { JobInput, JobPreview, PreviewHost } from '../../api';
import { count as counted } from '../../shared/lib/words';
import { Caution } from '../../shared/ui/Caution';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { Span } from '../../shared/ui/Time';
import { VirtualTable } from '../../shared/ui/VirtualTable';
import { problemsFirst, waitsAtGate } from './order';
import { columns } from './previewColumns';

const id = (host: PreviewHost) => host.host_id;

interface Props {
  preview: JobPreview;
  body: JobInput;
  /** What can be done about it. */
  action: ReactNode;
}

/** What the job would mean: for each host its health, when it would start, or why it would not. */
export function Preview({ preview, body, action }: Props) {
  const rows = useMemo(() => problemsFirst(preview), [preview]);
  const waiting = rows.filter(waitsAtGate);
  const excluded = rows.filter((h) => h.excluded);
  return (
    <Stack gap="sm" component="section" aria-label="Preview">
      <Group justify="space-between" gap="xs">
        <Title order={2}>
          {counted(preview.hosts, 'host')}
          {excluded.length > 0 && `, of which ${excluded.length} would not be patched`}
        </Title>
        {action}
      </Group>
      <Excluded hosts={excluded} />
      <Unhealthy hosts={waiting} body={body} />
      <VirtualTable label="What the job would mean" columns={columns} rows={rows} rowId={id} />
    </Stack>
  );
}

const named = 8;

/** Names those that are not healthy now, and until when they would wait for it. */
function Unhealthy({ hosts, body }: { hosts: PreviewHost[]; body: JobInput }) {
  if (hosts.length === 0) return null;
  return (
    <Caution title={`${counted(hosts.length, 'host')} not healthy now`}>
      <Text size="sm" mb={4}>
        {hosts.length === 1 ? 'It waits' : 'They wait'} at the gate and nothing is sent, until every health check passes
        {body.immediate
          ? `, at most ${body.gate_timeout ?? '60 min unless the server is set otherwise'}; then it is failed.`
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
        {hosts.length > named && <List.Item>and {hosts.length - named} more, first in the table</List.Item>}
      </List>
    </Caution>
  );
}

function Excluded({ hosts }: { hosts: PreviewHost[] }) {
  if (hosts.length === 0) return null;
  return (
    <Caution title="Would not be patched as things are">
      <List size="sm">
        {hosts.slice(0, named).map((h) => (
          <List.Item key={h.host_id}>
            <b>{h.fqdn}</b>: {h.excluded?.detail}
          </List.Item>
        ))}
        {hosts.length > named && <List.Item>and {hosts.length - named} more, first in the table</List.Item>}
      </List>
    </Caution>
  );
}
