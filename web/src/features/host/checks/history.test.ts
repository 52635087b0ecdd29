import { expect, test } from 'vitest';
import type { CheckResult } from '../../../api';
import { kept, readHistory, spellsOf, summaryOf, ticksOf } from './history';

const now = Date.parse('2026-11-26T14:30:00Z');
const result = (minutesAgo: number, healthy = true, latency_ms = 10): CheckResult => ({
  checked_at: new Date(now - minutesAgo * 60_000).toISOString(),
  healthy,
  outcome: healthy ? 'healthy' : 'unhealthy',
  detail: healthy ? 'active' : `failed ${minutesAgo}`,
  latency_ms,
});
const minutesAgo = (r: { checked_at: string }) => (now - Date.parse(r.checked_at)) / 60_000;

test('the ticks are the last 96 hours, each with its worst and its median latency', () => {
  const ticks = ticksOf([result(1), result(2, false, 30), result(3, true, 20), result(95 * 60)], now);
  expect(ticks).toHaveLength(96);
  expect(ticks.at(-1)).toEqual({ from: Date.parse('2026-11-26T14:00:00Z'), results: 3, unhealthy: 1, latency: 20 });
  expect(ticks[0]).toMatchObject({ results: 1, unhealthy: 0 });
  expect(ticks[50]).toMatchObject({ results: 0, latency: undefined });
});

test('a result out of the 4 days or of the next hour is in no tick', () => {
  expect(ticksOf([result(97 * 60), result(-31)], now).every((t) => t.results === 0)).toBe(true);
});

test('a time of trouble begins with its first bad result and ends with the next good one', () => {
  const spells = spellsOf([result(5, false), result(10), result(15, false), result(20, false), result(25)]);
  expect(
    spells.map((s) => [minutesAgo({ checked_at: s.from }), s.to && minutesAgo({ checked_at: s.to }), s.results]),
  ).toEqual([
    [5, null, 1],
    [20, 10, 2],
  ]);
  expect(spells[1]?.detail).toBe('failed 15');
});

test('the history says in words what it shows', () => {
  expect(summaryOf([])).toBe('No results within the last 4 days.');
  expect(summaryOf([result(5, true, 20), result(10, false, 900), result(15, true, 10)])).toBe(
    '3 results, 1 not healthy, at one time. Latency: median 20 ms, highest 900 ms.',
  );
});

test('what is known is not read again, what is too old goes, and nothing is there twice', async () => {
  const asked: object[] = [];
  const pages = [
    { items: [result(1), result(5)], next_cursor: 'next' },
    { items: [result(10)], next_cursor: null },
  ];
  const read = async (query: object) => {
    asked.push(query);
    return pages[asked.length - 1] ?? { items: [], next_cursor: null };
  };
  const results = await readHistory(read, [result(10), result(15), result(kept / 60_000 + 1)], now);
  expect(results.map(minutesAgo)).toEqual([1, 5, 10, 15]);
  expect(asked).toEqual([
    { from: '2026-11-26T14:19:00.000Z', limit: 200 },
    { from: '2026-11-26T14:19:00.000Z', limit: 200, cursor: 'next' },
  ]);
});
