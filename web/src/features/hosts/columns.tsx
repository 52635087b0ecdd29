import { Group, Text } from '@mantine/core';
import { IconPlugConnectedX, IconPlugOff } from '@tabler/icons-react';
import type { ColumnDef } from '@tanstack/react-table';
import type { Host } from '../../api';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { isUnserved } from '../../shared/ui/NoWorker';
import { PageLink } from '../../shared/ui/PageLink';
import { Age, Span } from '../../shared/ui/Time';

export const columns: ColumnDef<Host, unknown>[] = [
  {
    id: 'fqdn',
    header: 'Host',
    meta: { width: 'minmax(110px, 2fr)', sort: 'fqdn' },
    cell: ({ row: { original: h } }) => (
      <>
        <PageLink to="/hosts/$hostId" params={{ hostId: h.id }} title={h.fqdn}>
          {h.fqdn}
        </PageLink>
        {h.display_name && (
          <Text span size="xs" c="dimmed" ml={6}>
            {h.display_name}
          </Text>
        )}
        {isUnserved(h.zone_workers) && <NoWorkerMark zone={h.zone} />}
      </>
    ),
  },
  {
    id: 'health',
    header: 'Health',
    meta: { width: 'minmax(140px, 1.2fr)', sort: 'health' },
    cell: ({ row: { original: h } }) => (
      <HealthBadge state={h.health.state} stale={h.health.stale}>
        {counts(h)}
      </HealthBadge>
    ),
  },
  {
    id: 'agent',
    header: 'Agent seen',
    meta: { width: 'minmax(130px, 1.1fr)', from: 'md', sort: 'last_seen_at' },
    cell: ({ row: { original: h } }) => <AgentCell agent={h.agent} />,
  },
  {
    id: 'pending',
    header: 'Pending',
    meta: { width: '86px', from: 'sm', sort: 'pending_patches' },
    cell: ({ row: { original: h } }) => h.pending_patches ?? <Text inherit span c="dimmed" children="not known" />,
  },
  {
    id: 'reboot',
    header: 'Reboot',
    meta: { width: '76px', from: 'lg' },
    cell: ({ row: { original: h } }) => (h.reboot_required ? 'required' : h.reboot_required === false ? 'no' : '–'),
  },
  {
    id: 'span',
    header: 'Next window',
    meta: { width: 'minmax(290px, 2fr)', from: 'lg' },
    cell: ({ row: { original: h } }) =>
      h.span ? (
        <Span from={h.span.starts_at} to={h.span.ends_at} />
      ) : (
        <Text span inherit c="dimmed">
          none within 70 days
        </Text>
      ),
  },
];

/** 2 of 3, where not all are healthy and the word does not say it all. */
export function counts({ health }: Pick<Host, 'health'>): string | undefined {
  const { healthy, unhealthy, unknown } = health;
  const all = healthy + unhealthy + unknown;
  return all > 1 && healthy < all ? `${healthy} of ${all}` : undefined;
}

/** In a line of its own, so that a long name does not push it out of sight; the page of the host tells since when. */
function NoWorkerMark({ zone }: { zone: string }) {
  return (
    <Text size="xs" lh={1.2} c="var(--caution)" truncate title={`No worker in zone ${zone}`}>
      <IconPlugOff size={12} aria-hidden style={{ verticalAlign: 'middle' }} /> no worker in zone {zone}
    </Text>
  );
}

function AgentCell({ agent }: { agent: Host['agent'] }) {
  if (agent.reachable === null)
    return (
      <Text span inherit c="dimmed">
        not asked yet
      </Text>
    );
  if (agent.reachable) return <Age at={agent.last_seen_at} />;
  return (
    <Group gap={4} wrap="nowrap" c="var(--trouble)" title={agent.error}>
      <IconPlugConnectedX size={16} aria-hidden style={{ flexShrink: 0 }} />
      <span>
        unreachable, <Age at={agent.last_seen_at} never="never seen" />
      </span>
    </Group>
  );
}
