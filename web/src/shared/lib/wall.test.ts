import { expect, test } from 'vitest';
import { instantOf, localOf } from './wall';

test('a wall time and its instant lead to each other', () => {
  expect(localOf('2026-07-01T10:00:00Z', 'Europe/Berlin')).toBe('2026-07-01T12:00');
  expect(instantOf('2026-07-01T12:00', 'Europe/Berlin')).toBe('2026-07-01T10:00:00Z');
  expect(instantOf('2026-03-29T12:00', 'Europe/Berlin')).toBe('2026-03-29T10:00:00Z');
  expect(instantOf('2026-11-26T05:45', 'Asia/Kathmandu')).toBe('2026-11-26T00:00:00Z');
});

test('a time that clocks show twice is the first, and one that they skip is as much later', () => {
  expect(instantOf('2026-10-25T02:30', 'Europe/Berlin')).toBe('2026-10-25T00:30:00Z');
  expect(instantOf('2026-10-25T03:30', 'Europe/Berlin')).toBe('2026-10-25T02:30:00Z');
  expect(instantOf('2026-03-29T02:30', 'Europe/Berlin')).toBe('2026-03-29T01:30:00Z');
});

test('a year that is being typed has four digits at every key', () => {
  for (const year of ['0002', '0020', '0202'])
    expect(localOf(instantOf(`${year}-11-26T22:00`, 'UTC'), 'UTC')).toBe(`${year}-11-26T22:00`);
});

test('what is no time is left for the server to refuse', () => {
  expect(instantOf('yesterday', 'UTC')).toBe('yesterday');
  expect(instantOf('202611-11-26T22:00', 'Europe/Berlin')).toBe('202611-11-26T22:00');
  expect(instantOf('275760-12-31T22:00', 'Europe/Berlin')).toBe('275760-12-31T22:00');
  expect(localOf('yesterday', 'UTC')).toBe('yesterday');
});
