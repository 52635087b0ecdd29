import { expect, test } from 'vitest';
import { holds, stopAt } from './stop';

test('an emergency stop has begun when it is asked for, and holds as long as it was asked for', () => {
  for (const now of ['2026-11-26T00:00:30Z', '2026-11-26T15:04:00Z', '2026-11-26T15:04:59Z'].map(Date.parse)) {
    const { starts_on, start_time, time_zone, duration_minutes } = stopAt(now, 60);
    expect(time_zone).toBe('UTC');
    const begin = Date.parse(`${starts_on}T${start_time}Z`);
    expect(begin).toBeLessThanOrEqual(now - 60_000);
    expect(begin + duration_minutes * 60_000).toBeGreaterThanOrEqual(now + 3_600_000);
  }
});

test('it holds where it began before the server stored it, and has not ended', () => {
  const at = { created_at: '2026-11-26T15:00:00Z', enabled: true };
  const from = (starts_at: string) => [{ starts_at, ends_at: '2026-11-26T19:00:00Z', note: '' }];
  expect(holds({ ...at, next: from('2026-11-26T14:58:00Z') })).toBe(true);
  expect(holds({ ...at, next: from('2026-11-26T15:58:00Z') })).toBe(false);
  expect(holds({ ...at, next: from('2026-11-26T14:58:00Z'), created_at: '2026-11-26T19:00:00Z' })).toBe(false);
  expect(holds({ ...at, next: from('2026-11-26T14:58:00Z'), enabled: false })).toBe(false);
  expect(holds({ ...at, next: [] })).toBe(false);
});
