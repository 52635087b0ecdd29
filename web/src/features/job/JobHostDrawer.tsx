import { Drawer, Group, Loader, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useParams } from '@tanstack/react-router';
import { getJobHostOptions, type JobHostDetail } from '../../api';
import { useFocusBack } from '../../shared/lib/focusBack';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Section } from '../../shared/ui/Section';
import { StatusBadge } from '../../shared/ui/StatusBadge';
import { Age, Instant } from '../../shared/ui/Time';
import { Evaluations } from './Evaluations';
import { HostActions } from './HostActions';
import { LogView } from './log/LogView';
import { Packages } from './Packages';
import { hasEnded } from './steps';
import { Timeline, TimelineSteps } from './Timeline';
import { Waiting } from './Waiting';

/** One host of a job, beside the list of them. */
export function JobHostDrawer() {
  const { jobId, hostId } = useParams({ from: '/shell/jobs/$jobId/hosts/$hostId' });
  const navigate = useNavigate({ from: '/jobs/$jobId/hosts/$hostId' });
  const host = useQuery({
    ...getJobHostOptions({ path: { id: jobId, host_id: hostId } }),
    refetchInterval: 30_000, // of a zone without workers no event tells
  });
  const close = () =>
    void navigate({ to: '/jobs/$jobId', params: { jobId }, search: (old) => old, resetScroll: false });
  useFocusBack();
  return (
    <Drawer
      opened
      onClose={close}
      position="right"
      size={820}
      title={host.data?.fqdn ?? 'Host of the job'}
      transitionProps={{ duration: 0 }}
      styles={{ title: { fontWeight: 600, overflowWrap: 'anywhere' } }}
    >
      {host.isLoading && <Loader aria-label="Loading" />}
      {host.error && !host.data && <ProblemAlert error={host.error} retry={() => void host.refetch()} />}
      {host.data && <Content host={host.data} />}
    </Drawer>
  );
}

function Content({ host }: { host: JobHostDetail }) {
  return (
    <Stack gap="lg">
      <Stack gap="xs">
        <Group justify="space-between" gap="xs">
          <StatusBadge status={host.status} phase={host.phase} />
          <HostActions host={host} />
        </Group>
        <Said host={host} />
        <Timeline host={host} />
        <TimelineSteps host={host} />
      </Stack>
      {host.wait && <Waiting host={host} wait={host.wait} />}
      {host.packages.length > 0 && <Packages packages={host.packages} />}
      <Evaluations evaluations={host.evaluations} />
      <Section title="Output">
        <LogView host={host} />
      </Section>
    </Stack>
  );
}

/** How it ended, or what was asked of it. */
function Said({ host }: { host: JobHostDetail }) {
  const endedAt = host.times[host.status];
  return (
    <>
      {hasEnded(host.status) && (
        <Text size="sm" component="div">
          {host.detail}{' '}
          <Text span size="xs" c="dimmed" ff="monospace">
            {host.reason}
          </Text>
          {endedAt && (
            <Text size="xs" c="dimmed" component="div">
              <Instant at={endedAt} />.{' '}
              {host.attempted ? 'Packages were sent to the host.' : 'Nothing was sent to the host.'}
              {host.settle_note && ` Settled: ${host.settle_note}`}
            </Text>
          )}
        </Text>
      )}
      {host.status === 'running' && host.detail && <Text size="sm">{host.detail}</Text>}
      {host.cancel_requested_at && !hasEnded(host.status) && (
        <Text size="sm" c="var(--caution)" component="div">
          {host.cancel_requested_by} asked to cancel <Age at={host.cancel_requested_at} />; it is followed to its end.
        </Text>
      )}
    </>
  );
}
