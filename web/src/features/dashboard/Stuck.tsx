import { Group, Loader, Table, Text } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type JobHost, listFleetJobHostsOptions, listZonesOptions } from '../../api';
import { count } from '../../shared/lib/words';
import { isUnserved } from '../../shared/ui/NoWorker';
import { PageLink } from '../../shared/ui/PageLink';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { StatusBadge } from '../../shared/ui/StatusBadge';
import { Countdown } from '../../shared/ui/Time';
import { UnservedZones } from './UnservedZones';
import { whyStuck } from './why';

const limit = 25;

/** The zones without a worker, and the hosts of jobs that will not go on by themselves, the one that gives up first at the top. */
export function Stuck() {
  const stuck = useQuery(
    listFleetJobHostsOptions({ query: { status: ['waiting_health_check', 'indeterminate', 'waiting_slot'], limit } }),
  );
  const zones = useQuery({ ...listZonesOptions({ query: { limit: 200 } }), refetchInterval: 30_000 });
  const unserved = (zones.data?.items ?? []).filter((zone) => zone.hosts > 0 && isUnserved(zone));
  const { items = [], total = 0 } = stuck.data ?? {};
  return (
    <Section title={total > 0 ? `${count(total, 'host')} stuck` : 'Stuck'}>
      {stuck.error && <ProblemAlert error={stuck.error} retry={() => void stuck.refetch()} />}
      {zones.error && <ProblemAlert error={zones.error} retry={() => void zones.refetch()} />}
      <UnservedZones zones={unserved} />
      {stuck.isLoading && <Loader size="sm" aria-label="Loading" />}
      {stuck.isSuccess && items.length === 0 && zones.isSuccess && unserved.length === 0 && (
        <Group gap={6}>
          <IconCheck size={16} color="var(--fine)" aria-hidden />
          <Text size="sm">Nothing is stuck: no host waits for its health or a slot, and no outcome is unsettled.</Text>
        </Group>
      )}
      {items.length > 0 && <Hosts items={items} />}
      {total > items.length && (
        <Text size="sm">
          {total - items.length} more, which give up later: <PageLink to="/jobs">see the jobs</PageLink>
        </Text>
      )}
    </Section>
  );
}

function Hosts({ items }: { items: JobHost[] }) {
  return (
    <Table aria-label="Stuck hosts" verticalSpacing={6}>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Host</Table.Th>
          <Table.Th visibleFrom="sm">Status</Table.Th>
          <Table.Th visibleFrom="sm">Why</Table.Th>
          <Table.Th w={120}>Gives up</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {items.map((host) => (
          <Row key={`${host.job_id}/${host.host_id}`} host={host} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function Row({ host }: { host: JobHost }) {
  const why = whyStuck(host);
  return (
    <Table.Tr>
      <Table.Td style={{ overflowWrap: 'anywhere' }}>
        <PageLink to="/jobs/$jobId/hosts/$hostId" params={{ jobId: host.job_id, hostId: host.host_id }} fw={500}>
          {host.fqdn}
        </PageLink>
        <Text size="xs" hiddenFrom="sm">
          {why}
        </Text>
      </Table.Td>
      <Table.Td visibleFrom="sm">
        <StatusBadge status={host.status} />
      </Table.Td>
      <Table.Td visibleFrom="sm">{why}</Table.Td>
      <Table.Td>{host.wait?.until ? <Countdown to={host.wait.until} past="now" /> : 'never by itself'}</Table.Td>
    </Table.Tr>
  );
}
