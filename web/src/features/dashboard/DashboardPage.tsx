import { useQuery } from '@tanstack/react-query';
import { listJobsOptions } from '../../api';
import { EmptyState } from '../../shared/ui/EmptyState';
import { Page } from '../../shared/ui/Page';
import { StatusBadge } from '../../shared/ui/StatusBadge';

export function DashboardPage() {
  const jobs = useQuery(listJobsOptions({ query: { limit: 5 } }));
  return (
    <Page title="Dashboard">
      {jobs.data?.items.length === 0 && <EmptyState title="No jobs yet">A job patches hosts.</EmptyState>}
      {jobs.data?.items.map((job) => (
        <StatusBadge key={job.id} status={job.status} />
      ))}
    </Page>
  );
}
