import { wallTime } from './time';

/** An instant as the clock shows it in the zone, in the form of a datetime-local input: 2026-11-26T15:04. What is no instant stays. */
export function localOf(at: string, zone: string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return at;
  const wall = wallTime(date, zone);
  return `${wall.date}T${wall.time.slice(0, 5)}`;
}

/** The instant at which the clock in the zone shows this; the first of two, and what is no time stays. */
export function instantOf(local: string, zone: string): string {
  const wanted = Date.parse(`${local}Z`);
  if (Number.isNaN(wanted)) return local;
  const ahead = (at: number) => Date.parse(`${localOf(new Date(at).toISOString(), zone)}Z`) - at;
  // The offset of a day before holds up to the change, so that of two the first is found.
  const early = wanted - ahead(wanted - 86_400_000);
  const at = early + ahead(early) === wanted ? early : wanted - ahead(early);
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
