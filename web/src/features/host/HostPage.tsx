import { Grid, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { getHostOptions, type Host } from '../../api';
import { problemOf } from '../../shared/lib/problem';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { NotFound } from '../../shared/ui/RouteError';
import { CertificatesPart } from './CertificatesPart';
import { ChecksPart } from './checks/ChecksPart';
import { HostActions } from './HostActions';
import { HostFacts } from './HostFacts';
import { InventoryPart } from './InventoryPart';
import { JobsPart } from './JobsPart';
import { WindowsPart } from './WindowsPart';

export function HostPage() {
  const { hostId } = useParams({ from: '/shell/hosts/$hostId' });
  const host = useQuery({ ...getHostOptions({ path: { id: hostId } }), refetchInterval: 30_000 });
  if (host.error && problemOf(host.error).status === 404) return <NotFound />;
  return (
    <Page title={host.data?.fqdn ?? 'Host'} actions={host.data && <HostActions host={host.data} />}>
      {host.error && <ProblemAlert error={host.error} retry={() => void host.refetch()} />}
      {host.isLoading && <Skeleton h={200} />}
      {host.data && <Parts host={host.data} key={hostId} />}
    </Page>
  );
}

function Parts({ host }: { host: Host }) {
  return (
    <>
      {host.display_name && <Text size="sm">{host.display_name}</Text>}
      <HostFacts host={host} />
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, lg: 7 }}>
          <Stack gap="lg">
            <JobsPart host={host} />
            <ChecksPart host={host} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, lg: 5 }}>
          <Stack gap="lg">
            <WindowsPart host={host} />
            <InventoryPart host={host} />
            <CertificatesPart host={host} />
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}
