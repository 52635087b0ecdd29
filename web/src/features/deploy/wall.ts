import { wallTime } from '../../shared/lib/time';

/**
 * The moment at which clocks in a zone show a wall time such as 2026-11-26T22:00. One that clocks skip is taken as that much
 * later, one that they show twice as the first.
 */
export function instantOf(wall: string, zone: string): string {
  const asUtc = Date.parse(`${wall}Z`);
  const day = 86_400_000;
  // The zone's distance from UTC a day before and a day after: they differ only around a change of the clocks.
  const [before, after] = [offset(asUtc - day, zone), offset(asUtc + day, zone)];
  const early = asUtc - before;
  const fits = offset(early, zone) === before;
  return new Date(fits || offset(asUtc - after, zone) !== after ? early : asUtc - after).toISOString();
}

function offset(at: number, zone: string): number {
  const shown = wallTime(new Date(at), zone);
  return Date.parse(`${shown.date}T${shown.time}Z`) - Math.floor(at / 1000) * 1000;
}
