import { getFleetSummary, type Problem, type Window, type WindowInput } from '../../api';
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
export function holds({
  next: [first],
  created_at,
  enabled,
}: Pick<Window, 'next' | 'created_at' | 'enabled'>): boolean {
  const at = Date.parse(created_at);
  return enabled && !!first && Date.parse(first.starts_at) <= at && at < Date.parse(first.ends_at);
}

/** Stops all patching by the clock of the server, and fails where what was stored stops nothing now. */
export async function stopPatching(minutes: number) {
  const { data } = await saveWindow({ scope: 'site', id: '' }, undefined, stopAt(await serverTime(), minutes));
  if (!holds(data)) throw notHeld;
}

/** The time of the server: that of the browser may be wrong by hours. */
async function serverTime(): Promise<number> {
  const { response } = await getFleetSummary({ throwOnError: true, cache: 'no-store' });
  const at = Date.parse(response.headers.get('Date') ?? '');
  return Number.isNaN(at) ? Date.now() : at;
}

const notHeld: Problem = {
  type: 'about:blank',
  status: 0,
  code: 'not_held',
  title: 'Patching is not stopped',
  detail:
    'The blackout Emergency stop was stored, but it does not hold now. See in the list when it does, and change it.',
};
