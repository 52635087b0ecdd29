import { Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Outlet, useParams } from '@tanstack/react-router';
import { getJobOptions } from '../../api';
import { problemOf } from '../../shared/lib/problem';
import { Page } from '../../shared/ui/Page';
import { ProblemAlert } from '../../shared/ui/ProblemAlert';
import { NotFound } from '../../shared/ui/RouteError';
import { jobTitle } from '../jobs/title';
import { JobActions } from './JobActions';
import { JobHead } from './JobHead';
import { JobHosts } from './JobHosts';

export function JobPage() {
  const { jobId } = useParams({ from: '/shell/jobs/$jobId' });
  const job = useQuery(getJobOptions({ path: { id: jobId } }));
  if (job.isLoading) return <Loader aria-label="Loading" />;
  if (!job.data) {
    // An id that is none is no job either.
    if ([404, 422].includes(problemOf(job.error).status)) return <NotFound />;
    return <ProblemAlert error={job.error} retry={() => void job.refetch()} />;
  }
  return (
    <Page title={jobTitle(job.data)} actions={<JobActions job={job.data} />}>
      <JobHead job={job.data} />
      <JobHosts key={jobId} job={job.data} />
      <Outlet />
    </Page>
  );
}
