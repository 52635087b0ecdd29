import { Paper, SimpleGrid, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { FleetSummary } from '../../api';
import { count } from '../../shared/lib/words';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { PageLink } from '../../shared/ui/PageLink';
import { Section } from '../../shared/ui/Section';
import { Waiting } from './Waiting';

const healths = ['unhealthy', 'unknown', 'healthy', 'none'] as const;

/** How the hosts are, each figure a link to those that it counts. */
export function Fleet({ summary }: { summary: FleetSummary }) {
  const { hosts, agents, pending } = summary;
  return (
    <Section title={count(hosts.total, 'host')}>
      <SimpleGrid cols={{ base: 1, xs: 2, lg: 4 }} spacing="sm">
        <Card title="Health">
          {healths.map((health) => (
            <PageLink key={health} to="/hosts" search={{ health }}>
              <HealthBadge state={health}>{`${hosts[health]}`}</HealthBadge>
            </PageLink>
          ))}
          {summary.stale_hosts > 0 && (
            <PageLink to="/hosts" search={{ stale: true }}>
              {count(summary.stale_hosts, 'host')} with results that are out of date
            </PageLink>
          )}
        </Card>
        <Card title="Agents">
          <PageLink to="/hosts" search={{ agent: 'unreachable' }} c={agents.unreachable > 0 ? 'var(--trouble)' : ''}>
            {agents.unreachable} do not answer
          </PageLink>
          <PageLink to="/hosts" search={{ agent: 'reachable' }}>
            {agents.reachable} answer
          </PageLink>
          <PageLink to="/hosts" search={{ agent: 'unknown' }}>
            {agents.unknown} not asked yet
          </PageLink>
        </Card>
        <Card title="Patches">
          <PageLink to="/hosts" search={{ has_pending_patches: true }}>
            {count(pending.patches, 'pending patch', 'pending patches')} on {count(pending.hosts, 'host')}
          </PageLink>
          <PageLink to="/hosts" search={{ reboot_required: true }}>
            {count(summary.reboot_required, 'host')} to reboot
          </PageLink>
        </Card>
        <Card title="Certificates">
          <PageLink
            to="/hosts"
            search={{ certificate_expiring: true }}
            c={summary.certificates_expiring > 0 ? 'var(--caution)' : ''}
          >
            {summary.certificates_expiring} end within 30 days
          </PageLink>
          <Waiting />
        </Card>
      </SimpleGrid>
    </Section>
  );
}

function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Paper withBorder p="sm">
      <Stack gap={4} align="flex-start">
        <Text size="sm" fw={600} component="h3" m={0}>
          {title}
        </Text>
        {children}
      </Stack>
    </Paper>
  );
}
