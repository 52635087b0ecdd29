import { expect, test } from 'vitest';
import { ordinal, ruleWords } from './words';

const rule = {
  recurrence: 'weekly',
  weekdays: ['sat', 'sun'],
  day_of_month: null,
  nth_weekday: null,
  starts_on: '2026-11-28',
  start_time: '22:00',
  duration_minutes: 240,
  time_zone: 'Europe/Berlin',
};

test('a rule reads as people say it', () => {
  expect(ruleWords(rule)).toBe('Every Saturday, Sunday at 22:00 for 4 h, Europe/Berlin');
  const monthly = { ...rule, recurrence: 'monthly', weekdays: [] };
  expect(ruleWords({ ...monthly, nth_weekday: { nth: 'last', weekday: 'fri' } })).toMatch(
    /^Every last Friday of the month at/,
  );
  expect(ruleWords({ ...monthly, day_of_month: 'last' })).toMatch(/^Every last day of the month at/);
  expect([1, 2, 3, 4].map((n) => ordinal(n))).toEqual(['1st', '2nd', '3rd', '4th']);
});
