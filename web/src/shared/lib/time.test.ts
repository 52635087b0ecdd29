import { expect, test } from 'vitest';
import { ageInWords, durationInWords, formatDuration, formatInstant, formatSpan, isZone, untilInWords } from './time';

test('a duration is exact and has at most two units', () => {
  const cases: [number, string][] = [
    [-5, '0 s'],
    [999, '0 s'],
    [1_000, '1 s'],
    [59_999, '59 s'],
    [60_000, '1 min'],
    [250_000, '4 min 10 s'],
    [3_600_000, '1 h'],
    [3_605_000, '1 h'],
    [7_500_000, '2 h 5 min'],
    [86_400_000 * 3 + 4 * 3_600_000, '3 d 4 h'],
  ];
  for (const [ms, text] of cases) expect(formatDuration(ms)).toBe(text);
});

test('an instant is printed in its zone, by the time that is kept there at that moment', () => {
  expect(formatInstant('2026-11-26T14:04:05Z', 'UTC')).toBe('Thu 2026-11-26 14:04:05 UTC');
  expect(formatInstant('2026-07-01T22:30:00Z', 'Europe/Berlin')).toMatch(/^Thu 2026-07-02 00:30:00 /);
  expect(formatInstant('2026-12-31T23:30:00Z', 'Asia/Kolkata')).toMatch(/^Fri 2027-01-01 05:00:00 /);
});

test('a span names its second day, and its second zone over a change of the clocks', () => {
  expect(formatSpan('2026-11-26T22:00:00Z', '2026-11-26T23:30:00Z', 'UTC')).toBe('Thu 2026-11-26 22:00–23:30 UTC');
  expect(formatSpan('2026-11-26T22:00:00Z', '2026-11-27T02:00:00Z', 'UTC')).toBe('Thu 2026-11-26 22:00–Fri 02:00 UTC');
  expect(formatSpan('2026-11-26T22:00:00Z', '2026-12-02T21:59:00Z', 'UTC')).toBe('Thu 2026-11-26 22:00–Wed 21:59 UTC');
  expect(formatSpan('2026-11-26T22:00:00Z', '2026-12-02T22:00:00Z', 'UTC')).toBe(
    'Thu 2026-11-26 22:00–Wed 2026-12-02 22:00 UTC',
  );
  expect(formatSpan('2026-10-25T00:00:00Z', '2026-10-25T03:00:00Z', 'Europe/Berlin')).toMatch(/02:00 .+–04:00 /);
});

test('a zone is one that the browser knows', () => {
  expect(isZone('Europe/Berlin')).toBe(true);
  expect(isZone('Mars/Olympus')).toBe(false);
});

test('what is less than a second away has come', () => {
  expect([999, 1_000, -5].map((left) => untilInWords(left, 'now'))).toEqual(['now', 'in 1 s', 'now']);
});

test('what is less than a second old is now', () => {
  expect([-5, 999, 1_000].map(ageInWords)).toEqual(['now', 'now', '1 s ago']);
});

test('a duration of the API is said in days where it has them, and what is none stays', () => {
  const said = ['864h', '1h30m', '90s', '4h0m0s', '10%', ''].map(durationInWords);
  expect(said).toEqual(['36 d', '1 h 30 min', '1 min 30 s', '4 h', '10%', '']);
});
