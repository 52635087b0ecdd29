import { expect, test } from 'vitest';
import { inputOf, type WindowForm } from './form';

const form: WindowForm = {
  scope: 'site',
  owner: null,
  kind: 'maintenance',
  label: 'Night',
  time_zone: 'UTC',
  starts_on: '2026-11-26',
  start_time: '22:00',
  duration_minutes: 120,
  recurrence: 'daily',
  weekdays: ['sat'],
  monthly: 'nth',
  day_of_month: 'last',
  nth: '2',
  nth_weekday: 'sat',
  enabled: true,
};

test('only what the recurrence has use for is sent', () => {
  expect(inputOf(form)).not.toHaveProperty('weekdays');
  expect(inputOf({ ...form, recurrence: 'weekly' }).weekdays).toEqual(['sat']);
  const monthly = inputOf({ ...form, recurrence: 'monthly' });
  expect(monthly.nth_weekday).toEqual({ nth: 2, weekday: 'sat' });
  expect(monthly).not.toHaveProperty('day_of_month');
  expect(inputOf({ ...form, recurrence: 'monthly', monthly: 'day' }).day_of_month).toBe('last');
});
