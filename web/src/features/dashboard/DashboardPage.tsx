import { Button, Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { getFleetSummaryOptions } from '../../api';
import { curl } from '../../shared/ui/CopyCurl';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { Fleet } from './Fleet';
import { RecentJobs } from './RecentJobs';
import { Stopped } from './Stopped';
import { Stuck } from './Stuck';

/** What wants somebody, first; then how the fleet is. */
export function DashboardPage() {
  const summary = useQuery(getFleetSummaryOptions());
  return (
    <Page title="Dashboard">
      <Stopped />
      <Stuck />
      {summary.error && <ProblemAlert error={summary.error} retry={() => void summary.refetch()} />}
      {summary.isLoading && <Loader size="sm" aria-label="Loading" />}
      {summary.data?.hosts.total === 0 && <NoHosts />}
      {summary.data && summary.data.hosts.total > 0 && <Fleet summary={summary.data} />}
      <RecentJobs summary={summary.data} />
    </Page>
  );
}

function NoHosts() {
  return (
    <EmptyState
      title="No hosts yet"
      action={
        <Button component={Link} to="/hosts">
          Add the first host
        </Button>
      }
      command={curl('POST', '/api/v1/hosts', { fqdn: 'web-01.example.com' })}
    >
      A host is a machine with an agent. It is patched inside its maintenance windows, and only while all of its health
      checks are healthy.
    </EmptyState>
  );
}
