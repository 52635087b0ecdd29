import type { Window } from '../../api';
import { formatDuration } from '../../shared/lib/time';

export const weekdays = [
  ['mon', 'Monday'],
  ['tue', 'Tuesday'],
  ['wed', 'Wednesday'],
  ['thu', 'Thursday'],
  ['fri', 'Friday'],
  ['sat', 'Saturday'],
  ['sun', 'Sunday'],
] as const;

const dayName = (day: string) => weekdays.find(([short]) => short === day)?.[1] ?? day;

export const ordinal = (n: number | 'last') => (n === 'last' ? 'last' : `${n}${['th', 'st', 'nd', 'rd'][n] ?? 'th'}`);

type Rule = Pick<
  Window,
  | 'recurrence'
  | 'weekdays'
  | 'day_of_month'
  | 'nth_weekday'
  | 'starts_on'
  | 'start_time'
  | 'duration_minutes'
  | 'time_zone'
>;

/** Every Saturday at 22:00 for 4 h, Europe/Berlin */
export const ruleWords = (w: Rule) => `${ruleTimes(w)}, ${w.time_zone}`;

/** Every Saturday at 22:00 for 4 h */
export const ruleTimes = (w: Omit<Rule, 'time_zone'>) =>
  `${days(w)} at ${w.start_time} for ${formatDuration(w.duration_minutes * 60_000)}`;

function days(w: Omit<Rule, 'time_zone'>): string {
  if (w.recurrence === 'once') return `Once, on ${w.starts_on}`;
  if (w.recurrence === 'daily') return 'Every day';
  if (w.recurrence === 'weekly') return `Every ${w.weekdays.map(dayName).join(', ')}`;
  if (w.nth_weekday) return `Every ${ordinal(w.nth_weekday.nth)} ${dayName(w.nth_weekday.weekday)} of the month`;
  if (w.day_of_month === 'last') return 'Every last day of the month';
  if (w.day_of_month) return `Every ${w.day_of_month}. of the month`;
  return w.recurrence;
}
