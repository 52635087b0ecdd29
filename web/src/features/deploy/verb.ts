import type { JobInput } from '../../api';
import { formatInstant } from '../../shared/lib/time';
import { count as counted } from '../../shared/lib/words';

/** What the button does: Patch 12 hosts now. */
export function verbOf(hosts: number, body: JobInput, zone: string): string {
  const what = `Patch ${counted(hosts, 'host')}`;
  const from = body.not_before && `from ${instant(body.not_before, zone)}`;
  if (body.immediate) return `${what} ${from ?? 'now'}`;
  const whose = hosts === 1 ? 'its window' : 'their windows';
  return from ? `${what} in ${whose}, ${from}` : `${what} in ${whose}`;
}

/** A moment in the zone; what is none, as it is being typed, as it is. */
const instant = (at: string, zone: string) => (Number.isNaN(Date.parse(at)) ? at : formatInstant(at, zone));
