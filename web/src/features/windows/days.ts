import { clock } from '../../shared/lib/now';
import { wallTime } from '../../shared/lib/time';
import { instantOf } from '../../shared/lib/wall';

const day = 86_400_000;

/** The day that is so many days after another; both as 2026-11-26. */
export function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00Z`) + days * day).toISOString().slice(0, 10);
}

/** The Monday of the week of a day. */
export function mondayOf(date: string): string {
  const weekday = (new Date(`${date}T00:00Z`).getUTCDay() + 6) % 7;
  return addDays(date, -weekday);
}

export const todayIn = (zone: string): string => wallTime(new Date(clock.now()), zone).date;

/** The instant at which a day begins in a zone. */
export const beginOf = (date: string, zone: string): string => instantOf(`${date}T00:00`, zone);

interface Stretch {
  starts_at: string;
  ends_at: string;
}

/** The first of them that lasts at an instant, in milliseconds. */
export const spanAt = <T extends Stretch>(all: readonly T[], at: number): T | undefined =>
  all.find((o) => Date.parse(o.starts_at) <= at && at < Date.parse(o.ends_at));

/** Those that touch the day, the earliest first. */
export function onDay<T extends Stretch>(all: readonly T[], date: string, zone: string): T[] {
  const begin = Date.parse(beginOf(date, zone));
  const end = Date.parse(beginOf(addDays(date, 1), zone));
  return all
    .filter((o) => Date.parse(o.starts_at) < end && Date.parse(o.ends_at) > begin)
    .sort((a, b) => Date.parse(a.starts_at) - Date.parse(b.starts_at));
}

/** From when to when on that day; an arrow where it goes on before or after it. */
export function hoursOn(o: Stretch, date: string, zone: string): string {
  const start = wallTime(new Date(o.starts_at), zone);
  const end = wallTime(new Date(o.ends_at), zone);
  const from = start.date < date ? '…' : start.time.slice(0, 5);
  const to =
    end.date > date ? (end.date === addDays(date, 1) && end.time === '00:00:00' ? '24:00' : '…') : end.time.slice(0, 5);
  return from === '…' && to === '…' ? 'all day' : `${from}–${to}`;
}
