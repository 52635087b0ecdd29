import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { getHostOptions } from '../../api';
import { problemOf } from '../../shared/lib/problem';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { NotFound } from '../../shared/ui/RouteError';
import { ChecksPart } from './checks/ChecksPart';

export function HostPage() {
  const { hostId } = useParams({ from: '/shell/hosts/$hostId' });
  const host = useQuery({ ...getHostOptions({ path: { id: hostId } }), refetchInterval: 30_000 });
  if (host.error && problemOf(host.error).status === 404) return <NotFound />;
  return (
    <Page title={host.data?.fqdn ?? 'Host'}>
      {host.error && <ProblemAlert error={host.error} retry={() => void host.refetch()} />}
      {host.isLoading && <Skeleton h={200} />}
      {host.data && <ChecksPart host={host.data} />}
    </Page>
  );
}
