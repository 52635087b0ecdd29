import { Group, Paper, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlugConnectedX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Host } from '../../api';
import { useNow } from '../../shared/lib/now';
import { HealthBadge } from '../../shared/ui/HealthBadge';
import { NoWorker } from '../../shared/ui/NoWorker';
import { PageLink } from '../../shared/ui/PageLink';
import { Age, Countdown, Instant, Span } from '../../shared/ui/Time';
import { useGroupNames } from '../groups/choice';
import { counts } from '../hosts/columns';
import { Fact, Facts } from './Facts';

/** What is known of a host at a glance. */
export function HostFacts({ host }: { host: Host }) {
  return (
    <Paper withBorder p="sm" component="section" aria-label="About this host">
      <Facts>
        <Fact name="Health">
          <HealthBadge state={host.health.state} stale={host.health.stale}>
            {counts(host)}
          </HealthBadge>
        </Fact>
        <Fact name="Agent">
          <Agent host={host} />
        </Fact>
        <Fact name="Next window">
          <NextWindow span={host.span} />
        </Fact>
        <Fact name="Pending patches">
          <Pending host={host} />
        </Fact>
        <Fact name="Address">
          {host.address}, port {host.agent_port}
        </Fact>
        <Fact name="Certificate of the agent">
          <Certificate expires={host.agent.certificate_expires_at} />
        </Fact>
        <Fact name="Groups">
          <Groups ids={host.group_ids} />
        </Fact>
        <Fact name="Labels">
          <Labels labels={host.labels} />
        </Fact>
        <Fact name="Zone">
          {host.zone}
          <NoWorker workers={host.zone_workers} />
        </Fact>
      </Facts>
    </Paper>
  );
}

function Trouble({
  icon: Icon,
  color,
  children,
}: {
  icon: typeof IconAlertTriangle;
  color: string;
  children: ReactNode;
}) {
  return (
    <Group gap={4} wrap="nowrap" c={color}>
      <Icon size={16} aria-hidden style={{ flexShrink: 0 }} />
      <span>{children}</span>
    </Group>
  );
}

function Agent({ host: { agent } }: { host: Host }) {
  const version = agent.version && `version ${agent.version}, `;
  if (agent.reachable === null) return 'Not asked yet';
  if (agent.reachable) {
    return (
      <>
        Reachable, {version}seen <Age at={agent.last_seen_at} />
      </>
    );
  }
  return (
    <>
      <Trouble icon={IconPlugConnectedX} color="var(--trouble)">
        Unreachable, {version}seen <Age at={agent.last_seen_at} />
      </Trouble>
      {agent.error}
    </>
  );
}

function NextWindow({ span }: { span: Host['span'] }) {
  const now = useNow();
  if (!span) return 'None within 70 days';
  return (
    <>
      <Span from={span.starts_at} to={span.ends_at} />
      <Text size="xs" c="dimmed" component="div">
        {Date.parse(span.starts_at) > now ? (
          <>
            opens <Countdown to={span.starts_at} />
          </>
        ) : (
          <>
            open now, closes <Countdown to={span.ends_at} />
          </>
        )}
      </Text>
    </>
  );
}

function Pending({ host }: { host: Host }) {
  if (host.pending_patches === null) return 'Not known before the first inventory';
  return (
    <>
      {host.pending_patches === 0 ? 'None' : host.pending_patches}
      {host.reboot_required && (
        <Trouble icon={IconAlertTriangle} color="var(--caution)">
          Reboot required
        </Trouble>
      )}
      <Text size="xs" c="dimmed" component="div">
        inventory <Age at={host.inventory_at} />
      </Text>
    </>
  );
}

const soon = 30 * 86_400_000;

function Certificate({ expires }: { expires: string | null }) {
  const now = useNow();
  if (!expires) return 'None seen yet';
  const left = Date.parse(expires) - now;
  if (left > soon) {
    return (
      <>
        Ends <Instant at={expires} />
      </>
    );
  }
  return (
    <Trouble icon={IconAlertTriangle} color={left > 0 ? 'var(--caution)' : 'var(--trouble)'}>
      {left > 0 ? 'Ends ' : 'Ended '}
      {left > 0 ? <Countdown to={expires} /> : <Age at={expires} />}
    </Trouble>
  );
}

function Groups({ ids }: { ids: readonly string[] }) {
  const groups = useGroupNames(ids);
  if (groups.length === 0) return 'None: administrators alone see it';
  return groups.map((group, i) => (
    <span key={group.id}>
      {i > 0 && ', '}
      <PageLink to="/groups/$groupId" params={{ groupId: group.id }}>
        {group.name}
      </PageLink>
    </span>
  ));
}

function Labels({ labels }: { labels: Host['labels'] }) {
  const all = Object.entries(labels).map(([name, value]) => (value ? `${name}=${value}` : name));
  if (all.length === 0) return 'None';
  return all.map((label, i) => (
    <span key={label}>
      {i > 0 && ', '}
      <PageLink to="/hosts" search={{ label: [label] }}>
        {label}
      </PageLink>
    </span>
  ));
}
