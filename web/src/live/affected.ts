import type { StreamEvent } from '../api';

/** What the cache calls an answer: the operation and what it was asked of. */
export interface QueryId {
  _id: string;
  path?: Record<string, string>;
  query?: Record<string, unknown>;
}

/** An event as it comes: the ids of its kind stand beside its fields. */
export type LiveEvent = StreamEvent & { host_id?: string; check_id?: string };

const lists: Record<string, readonly string[]> = {
  'host.changed': ['listHosts', 'getFleetSummary', 'listZones', 'listGroups', 'getGroup'],
  'host.deleted': ['listHosts', 'getFleetSummary', 'listZones', 'listGroups', 'getGroup'],
  'group.changed': ['listGroups', 'getGroup', 'listGroupUsers', 'listHosts', 'getMe'],
  'check.changed': ['listHosts', 'getFleetSummary'],
  'window.changed': ['getCalendar', 'listSiteWindows', 'listGroupWindows', 'listHostWindows', 'listHosts'],
  'enrolment.changed': ['listEnrolments', 'getEnrolment'],
  'job.changed': ['listJobs', 'getFleetSummary'],
  'job_host.changed': ['listJobs', 'getFleetSummary', 'listFleetJobHosts'],
};

/** What a job would mean may be another after each of these. */
const ofPreview = new Set(['host.changed', 'host.deleted', 'group.changed', 'check.changed', 'window.changed']);

const ofHost = new Set([
  'getHost',
  'listHealthChecks',
  'getHealthCheck',
  'listHealthCheckResults',
  'getHealthCheckHistory',
  'getHostPatches',
  'listHostCertificates',
  'listHostOccurrences',
  'listHostWindows',
]);
const ofHostWindows = new Set(['listHostOccurrences', 'listHostWindows', 'getHost']);
const ofJob = new Set(['getJob', 'listJobHosts']);

/** Whether an answer may be another after the event. */
export function affected(query: QueryId, event: LiveEvent): boolean {
  if (lists[event.kind]?.includes(query._id)) return true;
  if (query._id === 'previewJob') return ofPreview.has(event.kind);
  const path = query.path ?? {};
  switch (event.kind) {
    case 'host.changed':
    case 'host.deleted':
    case 'check.changed':
      return isOfHost(query, event.host_id ?? event.subject_id);
    case 'window.changed':
      return ofHostWindows.has(query._id);
    case 'job.changed':
      return ofJob.has(query._id) && path.id === event.subject_id;
    case 'job_host.changed': {
      const [job, host] = event.subject_id.split('/');
      return (
        (ofJob.has(query._id) && path.id === job) ||
        (query._id === 'getJobHost' && path.id === job && path.host_id === host)
      );
    }
    default:
      return false;
  }
}

/** Whether it was asked of one host, by its path or by a filter of what applies to that host alone. */
function isOfHost({ _id, path, query }: QueryId, id: string): boolean {
  return (ofHost.has(_id) && path?.id === id) || (_id === 'getCalendar' && query?.host_id === id);
}
