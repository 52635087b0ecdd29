import { wallTime } from './time';

/** An instant as the clock shows it in the zone, in the form of a datetime-local input: 2026-11-26T15:04. What is no instant stays. */
export function localOf(at: string, zone: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const wall = wallTime(date, zone);
  return `${wall.date}T${wall.time.slice(0, 5)}`;
}

/**
 * The instant at which the clock in the zone shows this. One that clocks show twice is the first, one that they skip is as
 * much later, and what is no time, such as a year of six digits, stays for the server to refuse.
 */
export function instantOf(local: string, zone: string): string {
  const wanted = /^\d{4}-/.test(local) ? Date.parse(`${local}Z`) : Number.NaN;
  if (Number.isNaN(wanted)) return local;
  const ahead = (at: number) => Date.parse(`${localOf(new Date(at).toISOString(), zone)}Z`) - at;
  // The offset of a day before holds up to the change, so that of two the first is found.
  const early = wanted - ahead(wanted - 86_400_000);
  const late = wanted - ahead(early);
  const at = late + ahead(late) === wanted && early + ahead(early) !== wanted ? late : early;
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
