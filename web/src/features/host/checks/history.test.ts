import { expect, test } from 'vitest';
import type { CheckHistory } from '../../../api';
import { summaryOf, ticksOf } from './history';

const latency_ms = { min: 10, median: 20, max: 900 };

const history = (more: Partial<CheckHistory>): CheckHistory => ({
  from: '2026-11-22T15:00:00Z',
  to: '2026-11-26T14:30:00Z',
  results: 0,
  healthy: 0,
  unhealthy: 0,
  errors: 0,
  latency_ms: null,
  hours: [],
  spells: [],
  spell_count: 0,
  ...more,
});

test('the ticks are the last 96 hours, those without results too', () => {
  const ticks = ticksOf(
    history({
      hours: [
        { starts_at: '2026-11-22T15:00:00Z', results: 1, healthy: 1, unhealthy: 0, errors: 0, latency_ms },
        { starts_at: '2026-11-26T14:00:00Z', results: 4, healthy: 1, unhealthy: 2, errors: 1, latency_ms },
      ],
    }),
  );
  expect(ticks).toHaveLength(96);
  expect(ticks[0]).toMatchObject({ results: 1, unhealthy: 0 });
  expect(ticks[50]).toMatchObject({ results: 0, latency: undefined });
  expect(ticks.at(-1)).toEqual({
    from: Date.parse('2026-11-26T14:00:00Z'),
    results: 4,
    unhealthy: 3,
    latency: latency_ms,
  });
});

test('the history says in words what it shows', () => {
  expect(summaryOf(history({}))).toBe('No results within the last 4 days.');
  expect(summaryOf(history({ results: 1, healthy: 1, latency_ms }))).toBe(
    '1 result, all healthy. Latency: median 20 ms, highest 900 ms.',
  );
  expect(summaryOf(history({ results: 34_560, healthy: 30_000, spell_count: 1, latency_ms }))).toContain(
    '34,560 results, 4,560 not healthy, at one time.',
  );
  expect(summaryOf(history({ results: 9, healthy: 7, spell_count: 2, latency_ms }))).toContain('at 2 different times');
});
