import type { Window, WindowInput } from '../../api';

/** A window as the form holds it: every field, also those that its recurrence has no use for. */
export interface WindowForm {
  scope: string;
  owner: string | null;
  kind: WindowInput['kind'];
  label: string;
  time_zone: string;
  starts_on: string;
  start_time: string;
  duration_minutes: number | string;
  recurrence: WindowInput['recurrence'];
  weekdays: string[];
  monthly: 'day' | 'nth';
  day_of_month: string;
  nth: string;
  nth_weekday: string;
  enabled: boolean;
}

type NthWeekday = NonNullable<WindowInput['nth_weekday']>;

const numberOrLast = (text: string) => (text === 'last' ? 'last' : Number(text));

/** What is sent of the form: the fields of its recurrence alone. */
export function inputOf(form: WindowForm): WindowInput {
  const { kind, label, time_zone, starts_on, start_time, recurrence, enabled } = form;
  return {
    kind,
    label,
    time_zone,
    starts_on,
    start_time,
    duration_minutes: Number(form.duration_minutes),
    recurrence,
    enabled,
    ...(recurrence === 'weekly' ? { weekdays: form.weekdays as NonNullable<WindowInput['weekdays']> } : {}),
    ...(recurrence === 'monthly' ? monthly(form) : {}),
  };
}

function monthly(form: WindowForm): Pick<WindowInput, 'day_of_month' | 'nth_weekday'> {
  if (form.monthly === 'day') return { day_of_month: numberOrLast(form.day_of_month) };
  return { nth_weekday: { nth: numberOrLast(form.nth), weekday: form.nth_weekday as NthWeekday['weekday'] } };
}

/** The form for a window that is there. */
export function formOf(w: Window): WindowForm {
  return {
    scope: w.scope,
    owner: w.group_id ?? w.host_id,
    kind: w.kind as WindowInput['kind'],
    label: w.label,
    time_zone: w.time_zone,
    starts_on: w.starts_on,
    start_time: w.start_time,
    duration_minutes: w.duration_minutes,
    recurrence: w.recurrence as WindowInput['recurrence'],
    weekdays: w.weekdays,
    monthly: w.nth_weekday ? 'nth' : 'day',
    day_of_month: `${w.day_of_month ?? 'last'}`,
    nth: `${w.nth_weekday?.nth ?? 2}`,
    nth_weekday: w.nth_weekday?.weekday ?? 'sat',
    enabled: w.enabled,
  };
}
