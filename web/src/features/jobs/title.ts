import type { Job } from '../../api';

/** What a job is called: the first line of its notes, otherwise the end of its id, which tells jobs made together apart. */
export function jobTitle(job: Pick<Job, 'id' | 'notes'>): string {
  return job.notes.split('\n')[0]?.trim() || `Job ${job.id.slice(-8)}`;
}
