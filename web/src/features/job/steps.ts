import type { JobHost } from '../../api';
import { statusWord } from '../../shared/ui/StatusBadge';

/** A piece of the way of a host through its job. */
export interface Step {
  /** The status or, while it runs, the phase. */
  name: string;
  from: number;
  to: number;
  current: boolean;
}

const ended = new Set(['succeeded', 'failed', 'cancelled', 'skipped', 'indeterminate']);

/** Whether nothing more happens to the host by itself. */
export const hasEnded = (status: string) => ended.has(status);

// The way forward, for steps that were reached at the same moment.
const order = [
  'queued',
  'waiting_window',
  'waiting_health_check',
  'waiting_slot',
  'dispatching',
  'applying',
  'rebooting',
];
const rank = (name: string) => (order.includes(name) ? order.indexOf(name) : order.length);

/**
 * The steps of a host up to now. The API says when each was first reached; a host that went back to an earlier one, from the
 * slot to the gate, is shown there since it last went forward.
 */
export function stepsOf(host: Pick<JobHost, 'times' | 'status' | 'phase'>, now: number): Step[] {
  const reached = Object.entries(host.times)
    .filter(([name]) => name !== 'running' && !ended.has(name))
    .map(([name, at]) => ({ name, at: Date.parse(at) }))
    .sort((a, b) => a.at - b.at || rank(a.name) - rank(b.name));
  const over = hasEnded(host.status);
  const end = over ? Date.parse(host.times[host.status] ?? '') : now;
  const present = host.status === 'running' ? host.phase : host.status;
  return reached.map(({ name, at }, i) => {
    const last = i === reached.length - 1;
    const to = last ? end : (reached[i + 1]?.at ?? end);
    return {
      name: last && !over && present ? present : name,
      from: at,
      to: Number.isNaN(to) ? at : Math.max(at, to),
      current: last && !over,
    };
  });
}

const phases: Record<string, string> = {
  dispatching: 'Dispatching',
  applying: 'Applying',
  rebooting: 'Rebooting',
  verifying: 'Verifying',
};

export const stepWord = (name: string) => phases[name] ?? statusWord(name);
