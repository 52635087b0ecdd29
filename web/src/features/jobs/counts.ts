import { statusWord } from '../../shared/ui/StatusBadge';

// What wants somebody comes first.
const order = [
  'indeterminate',
  'failed',
  'waiting_health_check',
  'running',
  'waiting_slot',
  'waiting_window',
  'queued',
  'succeeded',
  'skipped',
  'cancelled',
];

/** How many hosts have each status, those that want somebody first; statuses that this UI does not know yet come last. */
export function statusCounts(byStatus: Record<string, number>): [status: string, count: number][] {
  const rank = (status: string) => (order.includes(status) ? order.indexOf(status) : order.length);
  return Object.entries(byStatus)
    .filter(([, count]) => count > 0)
    .sort(([a], [b]) => rank(a) - rank(b) || a.localeCompare(b));
}

/** 2 failed, 10 succeeded */
export function countsInWords(byStatus: Record<string, number>): string {
  return statusCounts(byStatus)
    .map(([status, count]) => `${count} ${statusWord(status).toLowerCase()}`)
    .join(', ');
}
