// Times as people read them: the zone is always printed, and durations are exact.

const formats = new Map<string, Intl.DateTimeFormat>();

function format(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const made = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    weekday: 'short',
    timeZoneName: 'short',
  });
  formats.set(zone, made);
  return made;
}

export interface WallTime {
  date: string; // 2026-11-26
  time: string; // 15:04:05
  weekday: string; // Thu
  zone: string; // CET
}

export function wallTime(at: Date, zone: string): WallTime {
  const parts = Object.fromEntries(
    format(zone)
      .formatToParts(at)
      .map((p) => [p.type, p.value]),
  );
  return {
    date: `${parts.year?.padStart(4, '0')}-${parts.month}-${parts.day}`,
    time: `${parts.hour}:${parts.minute}:${parts.second}`,
    weekday: parts.weekday ?? '',
    zone: parts.timeZoneName ?? zone,
  };
}

/** Thu 2026-11-26 15:04:05 CET */
export function formatInstant(at: string | Date, zone: string): string {
  const w = wallTime(new Date(at), zone);
  return `${w.weekday} ${w.date} ${w.time} ${w.zone}`;
}

const week = 6 * 86_400_000;

/** Thu 2026-11-26 22:00–23:30 CET, with the second day where it is another, and its date where a weekday could be two. */
export function formatSpan(from: string, to: string, zone: string): string {
  const a = wallTime(new Date(from), zone);
  const b = wallTime(new Date(to), zone);
  const start = `${a.weekday} ${a.date} ${a.time.slice(0, 5)}`;
  const day =
    a.date === b.date ? '' : Date.parse(to) - Date.parse(from) < week ? `${b.weekday} ` : `${b.weekday} ${b.date} `;
  const end = `${day}${b.time.slice(0, 5)}`;
  return a.zone === b.zone ? `${start}–${end} ${a.zone}` : `${start} ${a.zone}–${end} ${b.zone}`;
}

const units: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

/** 23 s, 4 min 10 s, 2 h 5 min, 3 d 4 h: the two largest units that are not zero, rounded down. */
export function formatDuration(milliseconds: number): string {
  let rest = Math.floor(Math.max(0, milliseconds) / 1000);
  const parts: string[] = [];
  for (const [name, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${name}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || '0 s';
}

/** 4 min 10 s ago, and now rather than 0 s ago. */
export const ageInWords = (age: number) => (age >= 1_000 ? `${formatDuration(age)} ago` : 'now');

/** in 4 min 10 s, and not in 0 s: what is less than a second away has come. */
export const untilInWords = (left: number, past: string) => (left >= 1_000 ? `in ${formatDuration(left)}` : past);

/** A duration as the API writes it, such as 864h or 1h30m, in words: 36 d. What is none stays. */
export function durationInWords(text: string): string {
  if (!/^(\d+h)?(\d+m)?(\d+s)?$/.test(text) || text === '') return text;
  const of = (unit: string) => Number(new RegExp(`(\\d+)${unit}`).exec(text)?.[1] ?? 0);
  return formatDuration((of('h') * 3_600 + of('m') * 60 + of('s')) * 1000);
}

export const localZone = Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC';

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}

export const zones: readonly string[] = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((z) => z !== 'UTC')];
