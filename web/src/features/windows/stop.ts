import type { Problem, Window, WindowInput } from '../../api';
import { clock } from '../../shared/lib/now';
import { spanAt } from './days';
import { saveWindow } from './owner';

const minute = 60_000;

/** The blackout of an emergency stop: begun a little before now, for no rounding may leave it still to begin. */
export function stopAt(now: number, minutes: number): WindowInput {
  const begin = new Date(now - minute).toISOString();
  return {
    kind: 'blackout',
    label: 'Emergency stop',
    recurrence: 'once',
    time_zone: 'UTC',
    starts_on: begin.slice(0, 10),
    start_time: begin.slice(11, 16),
    // It holds until the chosen time from now is over: what lies before now is added.
    duration_minutes: minutes + 2,
  };
}

/** Whether the blackout holds at the moment at which the server stored it. */
export const holds = ({ next, created_at, enabled }: Pick<Window, 'next' | 'created_at' | 'enabled'>): boolean =>
  enabled && !!spanAt(next, Date.parse(created_at));

/** Stops all patching by the clock of the server, and fails where what was stored stops nothing now. */
export async function stopPatching(minutes: number) {
  const { data } = await saveWindow({ scope: 'site', id: '' }, undefined, stopAt(clock.now(), minutes));
  if (!holds(data)) throw notHeld;
}

const notHeld: Problem = {
  type: 'about:blank',
  status: 0,
  code: 'not_held',
  title: 'Patching is not stopped',
  detail:
    'The blackout Emergency stop was stored, but it does not hold now. See in the list when it does, and change it.',
};
