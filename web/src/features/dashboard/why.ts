import type { JobHost } from '../../api';
import { failingWords, waitWord } from '../job/words';

type Stuck = Pick<JobHost, 'status' | 'wait' | 'detail'>;

/** Why a host does not go on, in a line: what fails, or what it waits for. */
export function whyStuck({ status, wait, detail }: Stuck): string {
  if (wait?.failing.length) return wait.failing.map(failingWords).join('; ');
  if (wait) return wait.detail || waitWord(wait.reason);
  if (status === 'indeterminate') return detail || 'Nobody knows whether it was patched: find out and settle it';
  return detail;
}
