import type { ListJobHostsData, ListJobsData } from '../../api';
import { clean, one, text } from '../../shared/lib/search';

type Query = NonNullable<ListJobsData['query']>;

/** What the Jobs page keeps in its URL, called as the API calls it. */
export type JobsSearch = Pick<Query, 'status' | 'host_id' | 'group_id'>;

export const jobStatuses = [
  'queued',
  'waiting_window',
  'waiting_health_check',
  'running',
  'succeeded',
  'partially_succeeded',
  'failed',
  'cancelled',
] as const satisfies readonly Query['status'][];

export function jobsSearch(search: Record<string, unknown>): JobsSearch {
  return clean({
    status: one(jobStatuses, search.status),
    host_id: text(search.host_id),
    group_id: text(search.group_id),
  });
}

type JobHostsQuery = NonNullable<ListJobHostsData['query']>;

/** What the page of one job keeps in its URL: which of its hosts are listed, and in which order. */
export type JobSearch = Pick<JobHostsQuery, 'status' | 'q' | 'sort'>;

const sorts = ['fqdn', 'status', 'updated_at'].flatMap((s) => [s, `-${s}`]) as JobHostsQuery['sort'][];

export function jobSearch(search: Record<string, unknown>): JobSearch {
  return clean({ status: text(search.status), q: text(search.q), sort: one(sorts, search.sort) });
}
