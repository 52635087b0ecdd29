import { expect, test } from 'vitest';
import { countsInWords, statusCounts } from './counts';

test('what wants somebody is counted first, and what nothing is of is not counted', () => {
  expect(statusCounts({ succeeded: 10, running: 0, failed: 2, waiting_health_check: 1 })).toEqual([
    ['failed', 2],
    ['waiting_health_check', 1],
    ['succeeded', 10],
  ]);
  expect(countsInWords({ succeeded: 10, failed: 2 })).toBe('2 failed, 10 succeeded');
});

test('a status that is not known yet is counted last, by its own name', () => {
  expect(countsInWords({ on_hold: 1, cancelled: 1 })).toBe('1 cancelled, 1 on hold');
});
