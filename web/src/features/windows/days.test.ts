import { expect, test } from 'vitest';
import { addDays, beginOf, hoursOn, mondayOf, onDay } from './days';

test('days follow each other over months, and a week begins on Monday', () => {
  expect(addDays('2026-12-31', 1)).toBe('2027-01-01');
  expect(mondayOf('2026-11-26')).toBe('2026-11-23');
  expect(mondayOf('2026-11-29')).toBe('2026-11-23');
});

test('a day begins by the clock of the zone, also where it has 25 hours', () => {
  expect(beginOf('2026-10-25', 'Europe/Berlin')).toBe('2026-10-24T22:00:00Z');
  expect(beginOf('2026-10-26', 'Europe/Berlin')).toBe('2026-10-25T23:00:00Z');
});

test('a night is on both of its days', () => {
  const night = { starts_at: '2026-11-28T21:00:00Z', ends_at: '2026-11-29T01:00:00Z' };
  const zone = 'Europe/Berlin';
  expect(['2026-11-27', '2026-11-28', '2026-11-29', '2026-11-30'].map((d) => onDay([night], d, zone).length)).toEqual([
    0, 1, 1, 0,
  ]);
  expect(hoursOn(night, '2026-11-28', zone)).toBe('22:00–…');
  expect(hoursOn(night, '2026-11-29', zone)).toBe('…–02:00');
  expect(hoursOn({ starts_at: '2026-11-27T00:00:00Z', ends_at: '2026-12-01T00:00:00Z' }, '2026-11-29', zone)).toBe(
    'all day',
  );
});
